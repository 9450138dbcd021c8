/* Wallets: published examples (EIP-55, BIP 32, 173, 350, CashAddr, SEP 23, NIP-19, XRP, TRON and TON documentation,
 * SS58's Alice), stdnum.jsonl; and each one with a character changed. */
#include "tests/t.h"
#include "policy/entity.h"

static const char *const good[] = {
    "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", /* EIP-55, without 0x: see below */
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB", "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy",
    "5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ",
    "xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8YtGqsefD265TMg7usUDFdp6W1EGMcet8",
    "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi",
    "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
    "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7",
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
    "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y",
    "bitcoincash:qr95sy3j9xwd2ap32xkykttr4cvcu7as4y0qverfuy", "qr95sy3j9xwd2ap32xkykttr4cvcu7as4y0qverfuy",
    "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh", "snoPBrXtMeMyMHUVTgbuqAfg1SUTb", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t",
    "44AFFq5kSiGBoZ4NMDwYtN18obc8AemS33DBLWs3H7otXft3XjrpDtQGv7SqSsaBYBb98uNbr2VBBEt7f2wfn3RVGQBEP3A",
    "GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSGZ", "EQCD39VS5jcptHL8vMjEXrzGaRcCVYto7HUn4bpAOg8xqB2N",
    "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY",
    "npub180cvv07tjdrrgpa0j7j7tmnyl2yr6yr7l8j4s3evf6u64th6gkwsyjh6w6"};
static const char *const bad[] = {
    "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k8", /* BIP 350: what follows too, in this order */
    /* its three with the older checksum count here: they were valid, stdnum.jsonl has such */
    "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh",
    "tb1q0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq24jc47",
    "bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4",
    "BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R", "bc1pw5dgrnzv",
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v8n0nx0muaewav253zgeav",
    "BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P",
    "tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq47Zagq",
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v07qwwzcrf",
    "tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vpggkg4j",
    "0x0000000000000000000000000000000000000000",
    "8f953371d3e85eddb89b05ed6b9e680791055315c73e1025ab5dba7bb2aee189", ""};

T_TEST(published_addresses_are_judged) {
    T_CHECK(!hr_wallet_valid(good[0], strlen(good[0])));
    for (size_t i = 1; i < sizeof good / sizeof *good; i++)
        T_CHECK(hr_wallet_valid(good[i], strlen(good[i])) || !puts(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        T_CHECK(!hr_wallet_valid(bad[i], strlen(bad[i])) || !printf("%s\n", bad[i]));
}

/* 16 bits of checksum let one change in 65536 pass (SS58, Stellar, TON), the others none here */
T_TEST(a_changed_character_shows) {
    static const char with[] = "23789acdefghjkmnpqrstuvwxyzACDEFGHJKLMNPQRSTUVWXYZ0Ol";
    long changed = 0, passed = 0;
    for (size_t i = 1; i < sizeof good / sizeof *good; i++) {
        char t[128];
        size_t n = strlen(good[i]);
        snprintf(t, sizeof t, "%s", good[i]);
        for (size_t k = n - 20; k < n; k++) {
            for (const char *p = with; *p; p++) {
                if ((*p | 32) == (good[i][k] | 32)) continue;
                t[k] = *p;
                changed++, passed += hr_wallet_valid(t, n);
            }
            t[k] = good[i][k];
        }
    }
    T_CHECK(changed > 20000);
    T_CHECK(passed <= 3 || !printf("%ld of %ld\n", passed, changed));
    T_CHECK(!hr_wallet_valid("0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", 42)); /* one case turned */
    T_CHECK(hr_wallet_valid("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", 42));  /* says nothing */
}

static bool find(const char *text, size_t at, hr_match *hit) {
    hr_view v = {(const uint8_t *)text, 0, strlen(text), 0, at, true, NULL, NULL};
    return hr_find_wallet(&v, hit);
}
T_TEST(found_in_text_once) {
    char text[400];
    for (size_t i = 1; i < sizeof good / sizeof *good; i++) {
        const char *name = strchr(good[i], ':'), *bare = name ? name + 1 : good[i];
        size_t n = strlen(bare);
        int times = 0;
        snprintf(text, sizeof text, "Send it to (%s), please. Thanks", good[i]);
        for (size_t at = 0; text[at]; at++) {
            hr_match hit = {0, 0, 0, 0, 0, 0, 0};
            bool first_digit = hr_is_digit(text[at]) && !hr_is_digit(text[at - (at > 0)]);
            bool first_capital = hr_is_upper(text[at]) && !hr_is_upper(text[at - (at > 0)]);
            if (!(first_digit || first_capital) || !find(text, at, &hit)) continue;
            times++;
            T_EQ_I(hit.entity, HR_ENTITY_WALLET);
            T_EQ_U(hit.end - hit.begin, n);
            T_EQ_MEM(text + hit.begin, bare, n);
        }
        T_CHECK(times >= 1 || !printf("%s\n", good[i]));
        if (strncmp(bare, "EQ", 2) != 0) T_EQ_I(times, 1);
        snprintf(text, sizeof text, "x%s", bare); /* part of a longer word */
        hr_match hit;
        size_t at = strcspn(text, "0123456789");
        if (text[at]) T_CHECK(!find(text, at, &hit));
    }
}

T_TEST(stdnum_bitcoin_lines) {
    const char *path = t_data("pii/stdnum.jsonl");
    char line[1000];
    int n = 0;
    if (!path) T_SKIP("no data");
    FILE *f = fopen(path, "r");
    T_NEED(f != NULL);
    while (fgets(line, sizeof line, f)) {
        char *text = strstr(line, "\"text\": \""), *end;
        if (!strstr(line, "\"kind\": \"bitcoin\"") || !text) continue;
        text += 9, end = strchr(text, '"');
        T_EQ_I(hr_wallet_valid(text, (size_t)(end - text)), strstr(end, "true") != NULL);
        n++;
    }
    fclose(f);
    T_CHECK(n >= 19);
}

T_MAIN(T_RUN(published_addresses_are_judged), T_RUN(a_changed_character_shows), T_RUN(found_in_text_once),
       T_RUN(stdnum_bitcoin_lines))
