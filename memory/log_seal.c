/* log_seal.c: keys of an encrypted log. The host's secret wraps the store's key (superblock); that wraps a random key of every
 * segment (its header); that seals records. Zeros over a segment's header make its text unreadable for ever. */
#include "memory/log_internal.h"

HR_SMALL_BEGIN

enum { WRAP_HOST = 1, WRAP_PASSPHRASE = 2, WRAP_KIB = 65536, WRAP_PASSES = 3, WRAP_KIB_MAX = 1 << 20, WRAP_PASSES_MAX = 64,
       WRAP_NONCE = 160, WRAP_KEY = 184, WRAP_TAG = 216, WRAP_SUM = 252 };

static hr_status derive_wrap(hr_wal *log, const hr_log_secret *secret, const uint8_t *wrap, uint8_t key[32], hr_error *err) {
    uint32_t kind = hr_le32(wrap), kib = hr_le32(wrap + 4), passes = hr_le32(wrap + 8);
    if (secret->data == NULL || kind != (secret->passphrase ? WRAP_PASSPHRASE : WRAP_HOST)) {
        return hr_fail(err, HR_E_KEY, HR_NO_OFFSET, "key", "the store is encrypted: it wants %s",
                       kind == WRAP_HOST ? "the host's key" : kind == WRAP_PASSPHRASE ? "a passphrase" : "a later version's key");
    }
    if (kind == WRAP_HOST) {
        hr_blake2b b;
        if (secret->n != 32) return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "key", "%zu bytes, 32 wanted", secret->n);
        hr_blake2b_init(&b, 32, secret->data, 32);
        hr_blake2b_add(&b, "hearth store key", 16);
        hr_blake2b_add(&b, wrap + 16, 16);
        hr_blake2b_end(&b, key);
        return HR_OK;
    }
    if (secret->n == 0 || secret->n > 4096) return hr_fail(err, HR_E_ARG, HR_NO_OFFSET, "passphrase", "1 to 4096 bytes");
    if (kib < 8 || kib > WRAP_KIB_MAX || passes == 0 || passes > WRAP_PASSES_MAX) {
        return hr_fail(err, HR_E_LIMIT, WRAP_KEY, "passphrase", "Argon2id with %u KiB, %u passes", kib, passes);
    }
    size_t n = (size_t)kib * 1024;
    void *work = log->memory->alloc(log->memory->ctx, n, 64);
    if (work == NULL) return hr_fail(err, HR_E_MEMORY, HR_NO_OFFSET, "passphrase", "Argon2id takes %u KiB", kib);
    hr_argon2 a = {2, kib, passes, 1, secret->data, wrap + 16, NULL, NULL, (uint32_t)secret->n, 16, 0, 0};
    hr_argon2_run(&a, work, key, 32);
    log->memory->free(log->memory->ctx, work, n);
    return HR_OK;
}

hr_status hr_log_wrap(hr_wal *log, const hr_log_secret *secret, uint8_t raw[256], hr_error *err) {
    uint8_t *wrap = raw + HR_LOG_WRAP_AT, key[32];
    memset(wrap, 0, HR_LOG_WRAP_BYTES);
    hr_put32(wrap, secret->passphrase ? WRAP_PASSPHRASE : WRAP_HOST);
    if (secret->passphrase) {
        hr_put32(wrap + 4, secret->kib != 0 ? secret->kib : WRAP_KIB);
        hr_put32(wrap + 8, secret->passes != 0 ? secret->passes : WRAP_PASSES);
        hr_put32(wrap + 12, 1);
    }
    HR_TRY(hr_random_key(wrap + 16, 40, err)); /* salt and nonce */
    HR_TRY(derive_wrap(log, secret, wrap, key, err));
    hr_seal(key, raw + WRAP_NONCE, raw, WRAP_KEY, log->store_key, raw + WRAP_KEY, 32, raw + WRAP_TAG);
    hr_put32(raw + WRAP_SUM, hr_crc32c(wrap, HR_LOG_WRAP_BYTES - 4, 0));
    hr_wipe(key, sizeof key);
    return HR_OK;
}

hr_status hr_log_unwrap(hr_wal *log, const hr_log_secret *secret, const uint8_t raw[256], hr_error *err) {
    uint8_t key[32];
    HR_TRY(derive_wrap(log, secret, raw + HR_LOG_WRAP_AT, key, err));
    bool ok = hr_unseal(key, raw + WRAP_NONCE, raw, WRAP_KEY, raw + WRAP_KEY, log->store_key, 32, raw + WRAP_TAG);
    hr_wipe(key, sizeof key);
    return ok ? HR_OK : hr_fail(err, HR_E_KEY, WRAP_KEY, "key", "the wrong key, or the superblock was tampered with");
}

/* --- segments: uuid and the first 60 bytes are authenticated; bytes 64 to 80 are random and, with the number, the nonce ------ */
static void seg_nonce(const hr_wal *log, const hr_log_seg *s, const uint8_t *head, uint8_t nonce[24], uint8_t ad[76]) {
    memcpy(nonce, head + 64, 16);
    hr_put64(nonce + 16, s->seq);
    memcpy(ad, log->uuid, 16);
    memcpy(ad + 16, head, 60);
}
void hr_log_seg_wrap(const hr_wal *log, const hr_log_seg *s, uint8_t head[HR_LOG_SEALED_HEADER]) {
    uint8_t nonce[24], ad[76];
    hr_blake2b b; /* the key is fresh and random, so what its hash says of the nonce is so as well */
    hr_blake2b_init(&b, 16, s->key, 32);
    hr_blake2b_add(&b, "nonce", 5);
    hr_blake2b_end(&b, head + 64);
    seg_nonce(log, s, head, nonce, ad);
    hr_seal(log->store_key, nonce, ad, sizeof ad, s->key, head + 80, 32, head + 112);
}
bool hr_log_seg_unwrap(const hr_wal *log, hr_log_seg *s, const uint8_t head[HR_LOG_SEALED_HEADER]) {
    uint8_t nonce[24], ad[76];
    seg_nonce(log, s, head, nonce, ad);
    return hr_unseal(log->store_key, nonce, ad, sizeof ad, head + 80, s->key, 32, head + 112);
}
void hr_log_seal_begin(const hr_log_seg *s, const uint8_t head[HR_LOG_REC_HEADER], const uint8_t session[8], hr_aead *a) {
    uint8_t nonce[24];
    memcpy(nonce, session, 8);
    memcpy(nonce + 8, head + 12, 8); /* lsn: once per session */
    hr_put64(nonce + 16, s->salt);
    hr_aead_begin(a, s->key, nonce, 24, head, HR_LOG_REC_HEADER);
}

HR_SMALL_END
