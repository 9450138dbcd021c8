/* decision_log.c: a ring of content-free records. */
#include "policy/decision_log.h"

HR_SMALL_BEGIN

void hr_decision_log_init(hr_decision_log *log, hr_decision_record *records, size_t cap) {
    memset(log, 0, sizeof *log);
    log->records = records;
    log->cap = cap;
}
static bool same_decision(const hr_decision_record *a, const hr_decision_record *b) {
    return a->hour == b->hour && a->version == b->version && a->line == b->line && a->sources == b->sources &&
        a->trust == b->trust &&
           a->subject == b->subject && a->purpose == b->purpose && a->sink == b->sink && a->use == b->use &&
               a->scope == b->scope &&
           a->effect == b->effect && a->why == b->why && a->consent == b->consent && a->count < UINT32_MAX;
}
/* An id that the record has no room for (a request with nonsense in it) is 255, and -1 for a scope. */
static int fit_id(int id) { return id >= 0 && id < 255 ? id : 255; }

void hr_decision_log_add(hr_decision_log *log, const hr_request *q, const hr_decision *d) {
    hr_decision_record r;
    log->counts[d->effect][d->why]++;
    if (log->cap == 0) {
        log->lost++;
        return;
    }
    memset(&r, 0, sizeof r);
    r.hour = (uint32_t)(q->now_ms / 3600000u);
    r.version = d->version, r.line = d->line, r.count = 1;
    r.subject = fit_id(q->subject), r.purpose = fit_id(q->purpose), r.sink = fit_id(q->sink), r.use = fit_id(q->use);
    r.scope = d->scope, r.effect = d->effect, r.why = d->why, r.consent = d->consent;
    r.sources = q->label.sources & HR_SOURCE_ALL;
    r.trust = q->label.trust <= HR_TRUST_APP ? q->label.trust : (uint32_t)HR_TRUST_NONE;
    for (size_t back = 1; back <= hr_min_size(log->n, 16); back++) {
        hr_decision_record *old = &log->records[(log->next + log->cap - back) % log->cap];
        if (!same_decision(old, &r)) continue;
        old->count++;
        return;
    }
    log->records[log->next] = r;
    log->next = (log->next + 1) % log->cap;
    if (log->n < log->cap) log->n++;
    else log->lost++;
}

static void put_le32(uint8_t *out, uint32_t v) {
    for (int i = 0; i < 4; i++) out[i] = (uint8_t)(v >> 8 * i);
}
void hr_decision_encode(const hr_decision_record *r, uint8_t out[HR_DECISION_BYTES]) {
    put_le32(out, r->hour), put_le32(out + 4, r->version), put_le32(out + 8, r->line), put_le32(out + 12, r->count);
    const int small[8] = {r->subject, r->purpose, r->sink, r->use, r->scope, r->effect, r->why, r->consent};
    for (int i = 0; i < 8; i++) out[16 + i] = (uint8_t)small[i];
    put_le32(out + 24, r->sources);
    put_le32(out + 28, r->trust | (uint32_t)'H' << 8 | (uint32_t)'D' << 16 | (uint32_t)'L' << 24);
}
hr_status hr_decision_decode(hr_cur *c, hr_decision_record *r) {
    memset(r, 0, sizeof *r);
    c->field = "decision record";
    r->hour = hr_cur_u32(c), r->version = hr_cur_u32(c), r->line = hr_cur_u32(c), r->count = hr_cur_u32(c);
    r->subject = hr_cur_u8(c), r->purpose = hr_cur_u8(c), r->sink = hr_cur_u8(c), r->use = hr_cur_u8(c);
    r->scope = hr_cur_u8(c);
    if (r->scope >= 128) r->scope = -1;
    r->effect = hr_cur_u8(c), r->why = hr_cur_u8(c), r->consent = hr_cur_u8(c);
    r->sources = hr_cur_u32(c);
    const uint32_t last = hr_cur_u32(c);
    r->trust = last & 255;
    if (!hr_cur_ok(c)) return c->status;
    if (last >> 8 != ((uint32_t)'H' | (uint32_t)'D' << 8 | (uint32_t)'L' << 16) || r->effect > HR_ALLOW || r->why >=
        HR_N_WHYS ||
        r->consent > HR_CONSENT_EXPIRED || r->trust > HR_TRUST_APP || r->scope >= HR_POLICY_NAMES || r->count == 0) {
        return hr_cur_fail(c, HR_E_FORMAT, "not a decision record");
    }
    return HR_OK;
}

HR_SMALL_END
