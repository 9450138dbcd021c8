/* id_schemes.h: the table of identity numbers, for the finder (find_ids.c). t: upper case letters and digits, nothing between. */
#ifndef HR_POLICY_ID_SCHEMES_H
#define HR_POLICY_ID_SCHEMES_H
#include "policy/entity.h"

enum { ID_LONGEST = 24 };
enum { ID_STRONG = 1 /* needs no word beside it */, ID_PREFIX = 2 /* its country's letters may stand before it */, ID_TAX = 8,
    ID_CHECKED = 16 /* has check characters, dates or parts that cannot be */ };

#define HR_ID_CHECKS(X) \
    X(none) X(ar_cbu) X(at_uid) X(au_abn) X(baltic) X(be_nn) X(be_vat) X(bg_egn) X(bg_vat) X(birth_number) \
    X(br_second) X(cn_ric) X(cn_uscc) X(co_nit) X(de_health) X(de_idnr) X(de_rvnr) X(dk_cpr) X(ec_ruc) X(es_cif) X(es_letter) \
    X(fi_hetu) X(fr_nir) X(fr_siret) X(fr_tva) X(gb_nino) X(gb_vat) X(hk_hkid) X(ie_pps) X(imei) X(in_gstin) \
    X(isin) X(it_cf) X(jmbg) X(jp_cn) X(kr_brn) X(kz_iin) X(lt_pvm) X(lu_vat) X(luhn) X(luhn9) X(luhn_dmy) \
    X(luhn_ymd) X(lv_pk) X(ma_ice) X(mod1110) X(mod97) X(mt_vat) X(mu_nid) X(mx_curp) X(mx_rfc) X(nl_btw) \
    X(no_second) X(nz_ird) X(pe_cui) X(pl_pesel) X(pl_regon) X(pt_cc) X(ro_cnp) X(ro_cui) X(ru_inn12) X(ru_ogrn) \
    X(ru_snils) X(se_vat) X(sg_nric) X(sg_uen) X(sk_dph) X(sv_nit) X(tr_kimlik) X(tr_vkn) X(tw_id) X(tw_ubn) \
    X(ua_edrpou) X(us_npi) X(us_ssn) X(ve_rif) X(verhoeff) X(vin) X(voter) X(ymd)
enum {
#define HR_ID_CHECK_ENUM(name) HR_ID_CHECK_##name,
    HR_ID_CHECKS(HR_ID_CHECK_ENUM)
#undef HR_ID_CHECK_ENUM
};
HR_PRIVATE bool hr_id_check(int check, const char *t, size_t n);
/* the sum of values times weights (base 36, _: none) modulo m picks from map what stands at `check` (beyond n: last) */
HR_PRIVATE bool hr_id_weighs(const char *t, size_t n, const char *weights, int m, const char *map, size_t check);

HR_PRIVATE int hr_id_first(size_t n);                     /* first scheme of n and more characters: they are sorted */
HR_PRIVATE size_t hr_id_length(int scheme);
HR_PRIVATE bool hr_id_holds(int scheme, const char *t, size_t n);
HR_PRIVATE size_t hr_id_prefix(int scheme, const char *t, size_t n); /* characters of the country's letters: 2 or 0 */
HR_PRIVATE unsigned hr_id_flags(int scheme);
HR_PRIVATE const char *hr_id_words(int scheme);           /* for hr_view_context; may be "" */
HR_PRIVATE const char *hr_id_form(int scheme);            /* "###-##-####"; may be "" */
#endif
