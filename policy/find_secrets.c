/* find_secrets.c: what opens doors: vendors' keys by their prefixes, tokens, private keys, and what stands behind a name
 * such as password or api_key. Prefixes, alphabets and lengths: the vendors' documentation and public rule sets. */
#include "policy/entity.h"

/* --- shapes ---------------------------------------------------------------------------------------------------------------- */
enum { SET_HEX, SET_ALNUM, SET_UPPER /* A-Z 0-9 */, SET_WORD /* alnum _ - */, SET_DOTS /* and . = */ };
static bool in_set(int set, int c) {
    switch (set) {
    case SET_HEX: return hr_is_hex(c);
    case SET_UPPER: return hr_is_digit(c) || hr_is_upper(c);
    case SET_ALNUM: return hr_is_alnum(c) && c < 0x80;
    case SET_WORD: return (hr_is_alnum(c) && c < 0x80) || c == '_' || c == '-';
    default: return (hr_is_alnum(c) && c < 0x80) || c == '_' || c == '-' || c == '.' || c == '=' || c == '/' || c == '+';
    }
}

/* Renyi entropy of order 2: n^2 / sum of squares is the number of letters that are as good as used */
bool hr_view_random(const hr_view *v, size_t i, size_t end) {
    uint8_t count[256] = {0};
    unsigned digits = 0, letters = 0, sum = 0, n = (unsigned)hr_min_size(end - i, 128);
    for (size_t k = i; k < i + n; k++) {
        int c = v->f[k];
        digits += hr_is_digit(c), letters += hr_is_letter(c);
        sum += 2u * count[c] + 1, count[c]++;
    }
    return digits > 0 && letters > 0 && n * n >= sum * hr_min_size(n / 3 + 1, 8);
}

/* Every prefix is a vendor's own; what follows has min to max characters of a set. Sorted by the first letter. */
typedef struct key_shape {
    char prefix[18];
    uint8_t min, max; /* max 255: open */
    uint8_t set;
} key_shape;
static const key_shape key_shapes[] = {
    {"A3-", 31, 36, SET_WORD},
    {"A3T", 17, 17, SET_UPPER},
    {"ABIA", 16, 16, SET_UPPER},
    {"ACCA", 16, 16, SET_UPPER},
    {"AGE-SECRET-KEY-1", 58, 58, SET_UPPER},
    {"AIza", 35, 35, SET_WORD},
    {"AKCp", 60, 75, SET_ALNUM},
    {"AKIA", 16, 16, SET_UPPER},
    {"API-", 25, 27, SET_UPPER},
    {"APKA", 16, 16, SET_UPPER},
    {"AQVN", 35, 38, SET_WORD},
    {"ASIA", 16, 16, SET_UPPER},
    {"ATATT3", 150, 255, SET_DOTS},
    {"ATBB", 28, 36, SET_ALNUM},
    {"ATCTT3", 150, 255, SET_DOTS},
    {"AVNS_", 19, 19, SET_WORD},
    {"AstraCS", 80, 100, SET_DOTS},
    {"BBFF-", 30, 30, SET_ALNUM},
    {"CCIPAT_", 40, 80, SET_WORD},
    {"CFPAT-", 43, 43, SET_WORD},
    {"CLOJARS_", 60, 60, SET_ALNUM},
    {"EAAA", 56, 64, SET_WORD},
    {"EAAC", 100, 255, SET_ALNUM},
    {"EAAM", 100, 255, SET_ALNUM},
    {"EZAK", 54, 54, SET_ALNUM},
    {"EZTK", 54, 54, SET_ALNUM},
    {"FLWPUBK_TEST-", 32, 34, SET_WORD},
    {"FLWSECK_TEST-", 12, 34, SET_WORD},
    {"GOCSPX-", 28, 28, SET_WORD},
    {"GR1348941", 20, 20, SET_WORD},
    {"HRKU-AA", 58, 58, SET_WORD},
    {"LTAI", 16, 20, SET_ALNUM},
    {"NRAK-", 27, 27, SET_UPPER},
    {"NRII-", 32, 32, SET_WORD},
    {"NRJS-", 19, 19, SET_ALNUM},
    {"PMAK-", 59, 59, SET_WORD},
    {"SG.", 60, 70, SET_DOTS},
    {"ac_test_", 24, 60, SET_ALNUM},
    {"aio_", 28, 28, SET_ALNUM},
    {"api_live.", 40, 60, SET_DOTS},
    {"api_org_", 34, 34, SET_ALNUM},
    {"apify_api_", 36, 36, SET_ALNUM},
    {"bkua_", 40, 40, SET_HEX},
    {"ccipat_", 40, 60, SET_WORD},
    {"cio", 32, 32, SET_ALNUM},
    {"cu_", 32, 32, SET_HEX},
    {"dapi", 32, 34, SET_HEX},
    {"dckr_oat_", 27, 32, SET_WORD},
    {"dckr_pat_", 27, 27, SET_WORD},
    {"ddp_", 36, 36, SET_ALNUM},
    {"doo_v1_", 64, 64, SET_HEX},
    {"dop_v1_", 64, 64, SET_HEX},
    {"dor_v1_", 64, 64, SET_HEX},
    {"dp.pt.", 43, 43, SET_ALNUM},
    {"dp.st.", 40, 70, SET_DOTS},
    {"dt0c01.", 80, 100, SET_DOTS},
    {"dt0s01.", 60, 100, SET_DOTS},
    {"duffel_live_", 43, 43, SET_WORD},
    {"duffel_test_", 43, 43, SET_WORD},
    {"endr+", 16, 16, SET_ALNUM},
    {"expo_", 40, 60, SET_WORD},
    {"figd_", 40, 46, SET_WORD},
    {"fio-u-", 64, 64, SET_WORD},
    {"fm1a_", 80, 255, SET_DOTS},
    {"fm1r_", 80, 255, SET_DOTS},
    {"fm2_", 80, 255, SET_DOTS},
    {"fo1_", 43, 43, SET_WORD},
    {"fw_", 22, 26, SET_ALNUM},
    {"gho_", 36, 36, SET_ALNUM},
    {"ghp_", 36, 36, SET_ALNUM},
    {"ghr_", 36, 76, SET_ALNUM},
    {"ghs_", 36, 36, SET_ALNUM},
    {"ghu_", 36, 36, SET_ALNUM},
    {"github_pat_", 82, 82, SET_WORD},
    {"glagent-", 50, 50, SET_WORD},
    {"glc_", 40, 255, SET_DOTS},
    {"glcbt-", 22, 30, SET_WORD},
    {"gldt-", 20, 20, SET_WORD},
    {"glffct-", 20, 20, SET_WORD},
    {"glft-", 20, 20, SET_WORD},
    {"glimt-", 25, 25, SET_WORD},
    {"gloas-", 64, 64, SET_WORD},
    {"glpat-", 20, 60, SET_DOTS},
    {"glptt-", 40, 40, SET_HEX},
    {"glrt-", 20, 30, SET_WORD},
    {"glsa_", 41, 41, SET_WORD},
    {"glsoat-", 20, 20, SET_WORD},
    {"gsk_", 52, 52, SET_ALNUM},
    {"hf_", 34, 34, SET_ALNUM},
    {"hvb.", 138, 255, SET_WORD},
    {"hvr.", 90, 255, SET_WORD},
    {"hvs.", 90, 120, SET_WORD},
    {"ico-", 32, 32, SET_ALNUM},
    {"key-", 32, 32, SET_HEX},
    {"lin_api_", 40, 40, SET_ALNUM},
    {"lin_oauth_", 64, 64, SET_HEX},
    {"live_", 35, 40, SET_WORD},
    {"lsv2_pt_", 32, 50, SET_WORD},
    {"lsv2_sk_", 32, 50, SET_WORD},
    {"mka_", 40, 60, SET_ALNUM},
    {"nfp_", 36, 40, SET_ALNUM},
    {"npm_", 36, 36, SET_ALNUM},
    {"ntn_", 43, 46, SET_ALNUM},
    {"nvapi-", 60, 70, SET_WORD},
    {"ops_eyJ", 200, 255, SET_DOTS},
    {"oy2", 43, 43, SET_ALNUM},
    {"pat.", 60, 75, SET_DOTS},
    {"pcsk_", 60, 75, SET_WORD},
    {"phc_", 43, 43, SET_ALNUM},
    {"phx_", 43, 48, SET_ALNUM},
    {"pk-lf-", 36, 36, SET_WORD},
    {"pnu_", 36, 36, SET_ALNUM},
    {"pplx-", 48, 48, SET_ALNUM},
    {"pscale_oauth_", 32, 64, SET_DOTS},
    {"pscale_pw_", 32, 64, SET_DOTS},
    {"pscale_tkn_", 32, 64, SET_DOTS},
    {"pubkey-", 32, 32, SET_HEX},
    {"pul-", 40, 40, SET_HEX},
    {"pypi-AgE", 50, 255, SET_WORD},
    {"r8_", 37, 37, SET_ALNUM},
    {"rdme_", 70, 70, SET_ALNUM},
    {"re_", 32, 36, SET_WORD},
    {"rk_live_", 10, 99, SET_ALNUM},
    {"rk_test_", 10, 99, SET_ALNUM},
    {"rootly_", 60, 70, SET_HEX},
    {"rubygems_", 48, 48, SET_HEX},
    {"rzp_live_", 14, 14, SET_ALNUM},
    {"s-s4t2af-", 64, 64, SET_HEX},
    {"s-s4t2ud-", 64, 64, SET_HEX},
    {"s.", 24, 24, SET_ALNUM},
    {"samsara_api_", 30, 40, SET_WORD},
    {"sbp_", 40, 44, SET_HEX},
    {"secret_", 43, 43, SET_ALNUM},
    {"sgp_local_", 40, 40, SET_HEX}, {"sgp_", 40, 40, SET_HEX}, {"sgp_", 57, 57, SET_WORD},
    {"sha256~", 43, 43, SET_WORD},
    {"shippo_live_", 40, 40, SET_HEX},
    {"shippo_test_", 40, 40, SET_HEX},
    {"shpat_", 32, 32, SET_HEX},
    {"shpca_", 32, 32, SET_HEX},
    {"shppa_", 32, 32, SET_HEX},
    {"shpss_", 32, 32, SET_HEX},
    {"sk-ant-admin01-", 93, 95, SET_WORD},
    {"sk-ant-api03-", 93, 95, SET_WORD},
    {"sk-lf-", 36, 36, SET_WORD},
    {"sk-or-v1-", 64, 64, SET_HEX},
    {"sk-proj-", 40, 200, SET_WORD},
    {"sk-svcacct-", 40, 200, SET_WORD},
    {"sk-", 32, 64, SET_ALNUM},
    {"sk_live_", 10, 120, SET_ALNUM},
    {"sk_prod_", 10, 99, SET_ALNUM},
    {"sk_test_", 10, 120, SET_ALNUM},
    {"slk_", 64, 64, SET_HEX},
    {"sl.", 130, 255, SET_WORD},
    {"sm_aat_", 16, 16, SET_ALNUM},
    {"sm_pat_", 16, 16, SET_ALNUM},
    {"sm_sat_", 16, 16, SET_ALNUM},
    {"sntrys_", 80, 255, SET_DOTS},
    {"sntryu_", 64, 64, SET_HEX},
    {"sq0atp-", 22, 43, SET_WORD},
    {"sq0csp-", 43, 43, SET_WORD},
    {"sq0idp-", 22, 22, SET_WORD},
    {"sqa_", 40, 40, SET_HEX},
    {"sqp_", 40, 40, SET_HEX},
    {"squ_", 40, 40, SET_HEX},
    {"tfp_", 59, 59, SET_DOTS},
    {"tk-us-", 48, 48, SET_WORD},
    {"tskey-api-", 20, 60, SET_WORD},
    {"tskey-auth-", 20, 60, SET_WORD},
    {"tskey-client-", 20, 60, SET_WORD},
    {"v1.0-", 160, 180, SET_WORD},
    {"vcp_", 50, 60, SET_ALNUM},
    {"waka_", 36, 36, SET_WORD},
    {"whsec_", 32, 44, SET_DOTS},
    {"xai-", 80, 80, SET_ALNUM},
    {"xapp-", 40, 120, SET_WORD},
    {"xkeysib-", 80, 82, SET_WORD},
    {"xoxa-", 24, 90, SET_WORD},
    {"xoxb-", 24, 90, SET_WORD},
    {"xoxe-", 100, 200, SET_WORD},
    {"xoxo-", 24, 90, SET_WORD},
    {"xoxp-", 28, 100, SET_WORD},
    {"xoxr-", 24, 90, SET_WORD},
    {"xoxs-", 24, 90, SET_WORD},
    {"xsmtpsib-", 80, 82, SET_WORD},
    {"ya29.", 30, 255, SET_DOTS},
    {"zpka_", 30, 50, SET_WORD},
};

/* documentation's own keys say so */
static bool is_example(const hr_view *v, size_t i, size_t end) {
    for (; i + 7 <= end; i++) {
        if (hr_view_is(v, i, "example") || hr_view_is(v, i, "1234-1234")) return true;
    }
    return false;
}

static bool find_shape(const hr_view *v, size_t begin, hr_match *hit) {
    for (size_t i = 0; i < HR_COUNT(key_shapes); i++) {
        const key_shape *s = &key_shapes[i];
        if (s->prefix[0] != v->f[begin]) continue;
        size_t len = strlen(s->prefix), end = begin + len, most = s->max == 255 ? v->hi : hr_min_size(v->hi, end + s->max);
        if (end > v->hi || memcmp(s->prefix, v->f + begin, len) != 0) continue;
        while (end < most && in_set(s->set, v->f[end])) end++;
        bool open = s->max == 255 && end == v->hi && !v->ends;
        if (end - begin - len < s->min && !open) continue;
        if (!open && s->max != 255 &&
            in_set(s->set == SET_HEX || s->set == SET_UPPER ? SET_ALNUM : s->set, hr_view_get(v, end)))
            continue;
        if (!hr_view_random(v, begin + len, end) || is_example(v, begin, end)) continue;
        if (hr_view_is(v, begin, "sk-ant-") && !hr_view_is(v, end - 2, "aa")) continue; /* its last two are always AA */
        *hit = (hr_match){
            begin, end, HR_ENTITY_API_KEY, 90, HR_CHECK_PREFIX, open ? HR_MORE_TOKEN : HR_MORE_NONE, (uint16_t)(i + 1)};
        return true;
    }
    return false;
}

/* three parts of base64url, the first one a JSON object that names its algorithm */
static bool find_jwt(const hr_view *v, size_t begin, hr_match *hit) {
    if (!hr_view_is(v, begin, "eyj") || v->f[begin] != 'e' || v->f[begin + 2] != 'J') return false;
    char head[96];
    size_t n = 0, end = begin, dots = 0;
    uint32_t bits = 0;
    for (; end < v->hi && (in_set(SET_WORD, v->f[end]) || v->f[end] == '.' || v->f[end] == '='); end++) {
        int c = v->f[end];
        if (c == '.' && ++dots > 4) break;
        if (dots > 0 || n + 3 > sizeof head) continue;
        int six = hr_is_upper(c) ? c - 'A' : hr_is_digit(c) ? c - '0' + 52 : c == '-' ? 62 : c == '_' ? 63 : c - 'a' + 26;
        bits = bits << 6 | ((unsigned)six & 63);
        if ((end - begin) % 4 == 3) head[n++] = (char)(bits >> 16), head[n++] = (char)(bits >> 8), head[n++] = (char)bits;
    }
    bool alg = false, open = end == v->hi && !v->ends;
    for (size_t i = 0; i + 5 <= n; i++) alg = alg || memcmp(head + i, "\"alg\"", 5) == 0;
    while (end > begin && v->f[end - 1] == '.') end--;
    if (!alg || (dots < 2 && !open) || end - begin < 30) return false;
    *hit = (hr_match){begin, end, HR_ENTITY_JWT, 95, HR_CHECK_PREFIX, open ? HR_MORE_TOKEN : HR_MORE_NONE, 0};
    return true;
}

/* Azure: three characters, a digit, "Q~", 31 to 34 more */
static bool find_azure(const hr_view *v, hr_match *hit) {
    size_t begin = v->at - 5, end = v->at + 1;
    if (v->at < v->first + 5 || v->f[v->at - 1] != 'Q' || !hr_is_digit(v->f[v->at - 2])) return false;
    for (size_t i = begin; i < v->at - 2; i++) {
        if (!in_set(SET_WORD, v->f[i]) && v->f[i] != '~' && v->f[i] != '.') return false;
    }
    int before = hr_view_get(v, begin - 1);
    if (in_set(SET_WORD, before) || before == '~' || before == ',') return false;
    while (end < v->hi && (in_set(SET_WORD, v->f[end]) || v->f[end] == '~' || v->f[end] == '.')) end++;
    if (end - v->at - 1 < 31 || end - v->at - 1 > 35) return false;
    *hit = (hr_match){begin, end, HR_ENTITY_API_KEY, 90, HR_CHECK_PREFIX, HR_MORE_NONE, 0};
    return true;
}

/* digits, then ':' or '|', then a random part: Telegram bots 8-10:35, Facebook apps 15-16|27 */
static bool find_numbered(const hr_view *v, hr_match *hit) {
    size_t i = v->at;
    while (i < v->hi && i < v->at + 17 && hr_is_digit(v->f[i])) i++;
    size_t digits = i - v->at, end = i + 1;
    bool telegram = hr_view_get(v, i) == ':' && digits >= 8 && digits <= 10;
    bool facebook = hr_view_get(v, i) == '|' && digits >= 15 && digits <= 16;
    if ((!telegram && !facebook) || hr_is_alnum(hr_view_get(v, v->at - 1))) return false;
    while (end < v->hi && end < i + 40 && in_set(SET_WORD, v->f[end])) end++;
    if (end - i - 1 != (telegram ? 35u : 27u) || !hr_view_random(v, i + 1, end)) return false;
    *hit = (hr_match){v->at, end, HR_ENTITY_API_KEY, 90, HR_CHECK_PREFIX, HR_MORE_NONE, 0};
    return true;
}

bool hr_find_key(const hr_view *v, hr_match *hit) {
    size_t begin = v->at;
    if (v->f[v->at] == '~' && find_azure(v, hit)) return true;
    if (hr_is_digit(v->f[v->at]) && find_numbered(v, hit)) return true;
    for (; begin > v->first && v->at - begin < 20; begin--) { /* to the token's beginning, unless it was asked before */
        int c = v->f[begin - 1];
        if (hr_is_digit(c) || hr_is_upper(c) || c == '_' || c == '-' || c == '~') return false;
        if (!hr_is_letter(c) && c != '.') break;
    }
    if (hr_is_alnum(hr_view_get(v, begin - 1))) return false;
    size_t far = v->at; /* keys are long: most words end here */
    while (far < v->hi && far < v->at + 14 && in_set(SET_DOTS, v->f[far])) far++;
    if (far < begin + 14 && hr_view_get(v, far) != '~') return false;
    if (find_jwt(v, begin, hit) || find_shape(v, begin, hit)) return true;
    size_t dot = v->at;
    while (dot > begin && v->f[dot - 1] != '.') dot--; /* log.ghp_... */
    return dot > begin && (find_jwt(v, dot, hit) || find_shape(v, dot, hit));
}

/* --- private keys ------------------------------------------------------------------------------------------------------------ */
bool hr_find_pem(const hr_view *v, hr_match *hit) {
    size_t i = v->at + 5;
    if (hr_view_get(v, v->at - 1) == '-' || !hr_view_is(v, v->at, "-----begin ")) return false;
    while (i < v->hi && i < v->at + 60 && !hr_view_is(v, i, "private key")) i++;
    if (!hr_view_is(v, i, "private key")) return false;
    i += 11;
    if (hr_view_is(v, i, " block")) i += 6;
    while (hr_view_get(v, i) == '-') i++;
    *hit = (hr_match){v->at, i, HR_ENTITY_PRIVATE_KEY, 99, HR_CHECK_PREFIX, HR_MORE_PEM, 0};
    return true;
}

/* --- names and values ---------------------------------------------------------------------------------------------------------- */
/* part of a name, lower case, '_' '-' and '.' left away */
static bool key_name_has(const char *name, size_t n, const char *words) {
    for (const char *w = words; *w != 0; w++) {
        size_t len = 0;
        while (w[len] != '|') len++;
        for (size_t i = 0; i + len <= n; i++) {
            if (memcmp(name + i, w, len) == 0) return true;
        }
        w += len;
    }
    return false;
}
static bool key_name_ends(const char *name, size_t n, const char *words) {
    for (const char *w = words; *w != 0; w++) {
        size_t len = 0;
        while (w[len] != '|') len++;
        if (n >= len && memcmp(name + n - len, w, len) == 0) return true;
        w += len;
    }
    return false;
}

enum { NAME_NONE, NAME_PASSWORD, NAME_TOKEN, NAME_HEADER, NAME_USER };
static int judge_name(const char *name, size_t n) {
    if (key_name_has(name, n, "csrf|xsrf|public|pubkey|") || key_name_ends(name, n,
                                                                           "id|ids|name|url|uri|file|path|length|size|type|"
                                                                           "count|variable|field|label|hint|hash|version|"
                                                                           "expires|format|"))
        return NAME_NONE;
    if (key_name_has(name, n,
                     "password|passwd|passwort|kennwort|passphrase|contrasena|motdepasse|senha|haslo|wachtwoord|losenord|"
                     "parol|"))
        return NAME_PASSWORD;
    if (key_name_ends(name, n, "pwd|") || (n == 4 && memcmp(name, "pass", 4) == 0)) return NAME_PASSWORD;
    if (key_name_ends(name, n, "authorization|")) return NAME_HEADER;
    if (key_name_has(name, n,
                     "apikey|accesskey|secret|token|credential|privatekey|signingkey|encryptionkey|authkey|clientsrt|"
                     "sourcegraph|sumokey|bearer|sharedaccesssignature|"))
        return NAME_TOKEN;
    return key_name_ends(name, n, "sig|signature|accesskey|auth|") ? NAME_TOKEN : NAME_NONE;
}

/* the name before the sign at `at`: its letters and digits; false: none */
static size_t read_name(const hr_view *v, char *name, size_t cap, size_t *begin) {
    size_t i = v->at, n = 0;
    while (i > v->lo && (v->f[i - 1] == ' ' || v->f[i - 1] == '"' || v->f[i - 1] == '\'' || v->f[i - 1] == '\\')) i--;
    size_t end = i;
    while (i > v->lo && end - i < cap &&
           (hr_is_alnum(v->f[i - 1]) || v->f[i - 1] == '_' || v->f[i - 1] == '-' || v->f[i - 1] == '.'))
        i--;
    *begin = i;
    for (size_t k = i; k < end; k++) {
        if (hr_is_alnum(v->f[k]) && v->f[k] < 0x80) name[n++] = (char)hr_lower(v->f[k]);
    }
    return n;
}

/* curl -u user:password */
static bool is_user_option(const hr_view *v, size_t begin) {
    while (begin > v->lo &&
           (v->f[begin - 1] == '"' || v->f[begin - 1] == '\'' || v->f[begin - 1] == ' ' || v->f[begin - 1] == '='))
        begin--;
    return (begin >= v->lo + 2 && hr_view_is(v, begin - 2, "-u") && v->f[begin - 1] == 'u') ||
           (begin >= v->lo + 6 && hr_view_is(v, begin - 6, "--user"));
}

/* three and more parts, each of letters alone or digits alone: io-jackson-0.11.2 */
static bool is_spelled(const hr_view *v, size_t i, size_t end) {
    size_t parts = 1;
    for (; i < end; i++) {
        int a = v->f[i], b = hr_view_get(v, i + 1);
        if (hr_is_upper(a) || (i + 1 < end && hr_is_alnum(a) && hr_is_alnum(b) && hr_is_digit(a) != hr_is_digit(b))) return false;
        parts += !hr_is_alnum(a);
    }
    return parts >= 3;
}

bool hr_find_assignment(const hr_view *v, hr_match *hit) {
    char name[48];
    size_t name_at, n, i = v->at + 1;
    for (int blanks = 0; blanks < 6 && i < v->hi && memchr(" \t\"'\\:=`", v->f[i], 8) != NULL; blanks++) i++;
    for (size_t k = i; k < i + 5; k++) { /* no value: most colons are prose */
        if (hr_view_get(v, k) <= ' ') return false;
    }
    n = read_name(v, name, sizeof name, &name_at);
    int kind = n == 0 ? NAME_NONE : judge_name(name, n);
    if (n > 0 && v->f[v->at] == ':' && is_user_option(v, name_at)) kind = NAME_USER;
    if (kind == NAME_NONE || hr_view_get(v, v->at + 1) == '=' || hr_view_get(v, v->at + 1) == '/') return false;
    if (kind == NAME_HEADER) {
        static const char *const schemes[] = {"bearer ", "basic ", "token ", "apikey ", "digest "};
        for (size_t k = 0; k < HR_COUNT(schemes); k++) {
            if (hr_view_is(v, i, schemes[k])) i += strlen(schemes[k]);
        }
    }
    size_t end = i;
    int quote = hr_view_get(v, i - 1);
    bool quoted = quote == '"' || quote == '\'' || quote == '`';
    while (end < v->hi && v->f[end] > ' ' && !(quoted ? v->f[end] == quote : memchr("\"'<>,;&)`|", v->f[end], 10) != NULL)) end++;
    while (end > i &&
           (v->f[end - 1] == '\\' || v->f[end - 1] == ']' || v->f[end - 1] == '}' || (!quoted && v->f[end - 1] == '.')))
        end--;
    size_t len = end - i, least = kind == NAME_PASSWORD || kind == NAME_USER ? 5 : kind == NAME_HEADER ? 10 : 12;
    bool open = end == v->hi && !v->ends;
    if (len < least || hr_view_placeholder(v, i, end) || memchr(v->f + i, '(', len) != NULL || i < v->first) return false;
    if (kind == NAME_PASSWORD || kind == NAME_USER) { /* a word alone is prose: "Password: required" */
        bool mixed = false;
        for (size_t k = i; k < end; k++)
            mixed = mixed || !(hr_is_letter(v->f[k]) || v->f[k] == '_' || v->f[k] == '.' || v->f[k] == '-');
        for (size_t k = i + 1; k < end && kind == NAME_USER; k++)
            mixed = mixed || (hr_is_upper(v->f[k]) && v->f[k - 1] >= 'a' && v->f[k - 1] <= 'z');
        if (!mixed && !quoted && v->f[v->at] == ':' && kind == NAME_PASSWORD) return false;
        if (!mixed && kind == NAME_USER) return false;
    } else if (!hr_view_random(v, i, end) || memchr(v->f + i, '[', len) != NULL || is_spelled(v, i, end) ||
               is_example(v, i, end)) {
        return false;
    }
    *hit = (hr_match){i, end, (uint8_t)(kind == NAME_TOKEN || kind == NAME_HEADER ? HR_ENTITY_API_KEY : HR_ENTITY_PASSWORD), 75,
                    kind == NAME_PASSWORD ? HR_CHECK_CONTEXT : HR_CHECK_RANDOM, open ? HR_MORE_LINE : HR_MORE_NONE, 0};
    return true;
}
