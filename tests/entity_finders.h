/* entity_finders.h: every finder with the bytes at which the redactor asks it (policy/redact.c), for tests that call it alone. */
#ifndef TESTS_ENTITY_FINDERS_H
#define TESTS_ENTITY_FINDERS_H
#include "policy/redact.h"

#define FINDER_DIGITS "0123456789"
#define FINDER_CAPITALS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
static const struct {
    hr_find_fn *find;
    const char *anchors;
} entity_finders[] = {
    {hr_find_email, "@"}, {hr_find_url, ":="}, {hr_find_ip, FINDER_DIGITS ":="}, {hr_find_mac, ":=_-~"},
    {hr_find_assignment, ":="}, {hr_find_pem, "_-~"}, {hr_find_key, FINDER_DIGITS FINDER_CAPITALS "_-~"},
    {hr_find_wallet, FINDER_DIGITS}, {hr_find_card, FINDER_DIGITS}, {hr_find_iban, FINDER_DIGITS},
    {hr_find_phone, FINDER_DIGITS}, {hr_find_id, FINDER_DIGITS}, {hr_find_date, FINDER_DIGITS},
    {hr_find_coordinates, FINDER_DIGITS}, {hr_find_address, FINDER_DIGITS}, {hr_find_person, FINDER_CAPITALS},
    {hr_find_plate, FINDER_DIGITS},
};
/* asks everyone who is asked at f[at], as at the first digit of a run; false: a match that is not in the view. f [n] */
static bool ask_entity_finders(const uint8_t *f, size_t n, size_t first, size_t at) {
    hr_view v = {f, 0, n, first, at, true, NULL, NULL};
    if (f[at] == 0 || (at > 0 && hr_is_digit(f[at]) && hr_is_digit(f[at - 1]))) return true;
    for (size_t k = 0; k < HR_COUNT(entity_finders); k++) {
        hr_match m;
        memset(&m, 0, sizeof m);
        if (strchr(entity_finders[k].anchors, f[at]) == NULL || !entity_finders[k].find(&v, &m)) continue;
        if (m.begin < first || m.end > n || m.begin >= m.end || m.entity == 0 || m.entity >= HR_N_ENTITIES) return false;
    }
    return true;
}
#endif
