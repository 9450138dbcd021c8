/* id_schemes.c: national identity, tax, social security and company numbers: one row a scheme, its shape, how its check
 * character follows from the others, and the words that go with it. Sources: the issuing authorities' descriptions as
 * collected by OECD TIN sheets, Wikipedia's articles on each number, ISO 7064. Judged against python-stdnum (tests). */
#include "policy/id_schemes.h"
#include "policy/redact.h"

/* --- the table ------------------------------------------------------------------------------------------------------------------ */
/* the check character by the weighted sum; '!': none */
static const char id_maps[][24] = {
    "", "0987654321", "0!987654321", "21987654321", "0123456789", "0123456789!", "TRWAGMYFPDXBNJZSQVHLCKE",
    "00987654321", "01234567890", "10987654321", "01234567891", "!0987654321", "10X98765432", "!9876543210",
    "09987654321", "0K987654321", "0GFEDCBA987654321", "XMKECAWLJDB", "ZKCMDNERGWH", "0123456789X"};

/* X(tag, characters, map of the check character or 0, its place (255: the last), further check, flags, text). Text: name,
 * shape, weights, form and words, each ended by a zero. Shape: # a digit, A a letter, ? either, r a letter or &, o a digit
 * or what may stand for it (Italy), [..] one of these, others themselves; none: digits. Weights in base 36, '_': the check's
 * own place. Form: as it is written; who writes it so needs no word beside it. Sorted by characters. */
#define ID_ROWS(X) \
    X(gt_nit, 5, 15, 255, none, ID_TAX, "gt.nit\0####[0123456789K]\0" "5432\0\0nit|") \
    X(py_ruc, 5, 7, 255, none, ID_TAX, "py.ruc\0\0" "5432\0####-#\0ruc|") \
    X(gt_nit_2, 6, 15, 255, none, ID_TAX, "gt.nit\0#####[0123456789K]\0" "65432\0\0nit|") \
    X(py_ruc_2, 6, 7, 255, none, ID_TAX, "py.ruc\0\0" "65432\0#####-#\0ruc|") \
    X(ro_cui, 6, 0, 255, ro_cui, ID_TAX | ID_PREFIX, "ro.cui\0\0\0\0cui|cif|") \
    X(cr_cpf, 7, 0, 255, none, 0, "cr.cpf\0\0\0#-###-###\0cedula|") \
    X(gt_nit_3, 7, 15, 255, none, ID_TAX, "gt.nit\0######[0123456789K]\0" "765432\0\0nit|") \
    X(py_ruc_3, 7, 7, 255, none, ID_TAX, "py.ruc\0\0" "765432\0######-#\0ruc|") \
    X(ro_cui_2, 7, 0, 255, ro_cui, ID_TAX | ID_PREFIX, "ro.cui\0\0\0\0cui|cif|") \
    X(si_maticna, 7, 7, 255, none, ID_TAX, "si.maticna\0\0" "765432\0\0maticna|") \
    X(sn_ninea, 7, 1, 255, none, ID_TAX, "sn.ninea\0\0" "121212\0\0ninea|") \
    X(ad_nrt, 8, 0, 255, none, ID_TAX, "ad.nrt\0[ACDEFGLOPU]######A\0\0\0nrt|") \
    X(cl_rut, 8, 15, 255, none, ID_PREFIX, "cl.rut\0#######[0123456789K]\0" "2765432\0#.###.###-?\0rut|run|") \
    X(co_nit, 8, 0, 255, co_nit, ID_TAX, "co.nit\0\0\0\0nit|") \
    X(cr_cpf_2, 8, 0, 255, none, 0, "cr.cpf\0\0\0#-###-####\0cedula|") \
    X(cz_ico, 8, 9, 255, none, ID_TAX | ID_PREFIX, "cz.ico\0\0" "8765432\0\0ico|ic|ic:|") \
    X(dk_cvr, 8, 2, 255, none, ID_TAX | ID_PREFIX, "dk.cvr\0\0" "2765432\0\0cvr|se-nr|vat|") \
    X(do_rnc, 8, 0, 255, none, ID_TAX, "do.rnc\0\0\0\0rnc|") \
    X(fi_ytunnus, 8, 2, 255, none, ID_TAX | ID_PREFIX, "fi.ytunnus\0\0" "79A5842\0\0y-tunnus|business id|ytunnus|") \
    X(gt_nit_4, 8, 15, 255, none, ID_TAX, "gt.nit\0#######[0123456789K]\0" "8765432\0\0nit|") \
    X(hk_hkid, 8, 0, 255, hk_hkid, 0, "hk.hkid\0A######[0123456789A]\0\0\0hkid|identity|id card|id no|") \
    X(hu_anum, 8, 1, 255, none, ID_TAX | ID_PREFIX, "hu.anum\0\0" "9731973\0\0adoszam|vat|") \
    X(ie_pps, 8, 0, 255, ie_pps, 0, "ie.pps\0#######A\0\0\0pps|ppsn|rsi|personal public|") \
    X(il_id, 8, 0, 255, luhn, 0, "il.id\0\0\0\0teudat|t.z.|tz|id number|identity|mispar|") \
    X(lu_vat, 8, 0, 255, lu_vat, ID_TAX | ID_PREFIX, "lu.vat\0\0\0\0tva|vat|") \
    X(me_pib, 8, 7, 255, none, ID_TAX, "me.pib\0\0" "8765432\0\0pib|") \
    X(mt_vat, 8, 0, 255, mt_vat, ID_TAX | ID_PREFIX, "mt.vat\0\0\0\0vat|") \
    X(nz_ird, 8, 0, 255, nz_ird, ID_TAX | ID_PREFIX, "nz.ird\0\0\0\0ird|") \
    X(pe_cui, 8, 0, 255, none, 0, "pe.cui\0\0\0\0dni|") \
    X(py_ruc_4, 8, 7, 255, none, ID_TAX, "py.ruc\0\0" "8765432\0#######-#\0ruc|") \
    X(ro_cui_3, 8, 0, 255, ro_cui, ID_TAX | ID_PREFIX, "ro.cui\0\0\0\0cui|cif|") \
    X(si_tax, 8, 11, 255, none, ID_TAX | ID_PREFIX, "si.tax\0\0" "8765432\0\0davcna|ddv|si|") \
    X(tw_ubn, 8, 0, 255, tw_ubn, ID_TAX, "tw.ubn\0\0\0\0ubn|gui|") \
    X(ua_edrpou, 8, 0, 255, ua_edrpou, ID_TAX, "ua.edrpou\0\0\0\0edrpou|\x80\x80\x80\x80\x80\x80|") \
    X(at_tin, 9, 0, 255, luhn, ID_TAX, "at.tin\0\0\0##-###/####\0steuernummer|abgabenkonto*|tin|") \
    X(at_uid, 9, 0, 255, at_uid, ID_TAX | ID_PREFIX, "at.uid\0U########\0\0\0uid|ust*|") \
    X(au_acn, 9, 1, 255, none, ID_TAX, "au.acn\0\0" "87654321\0\0acn|company number|") \
    X(au_tfn, 9, 5, 255, none, ID_TAX, "au.tfn\0\0" "14375869\0\0tfn|tax file|") \
    X(az_voen, 9, 5, 7, none, ID_TAX, "az.voen\0########[12]\0" "1862753\0\0voen|") \
    X(be_vat, 9, 0, 255, be_vat, ID_TAX | ID_PREFIX, "be.vat\0\0\0\0btw|tva|vat|") \
    X(bg_vat, 9, 0, 255, bg_vat, ID_TAX | ID_PREFIX, "bg.vat\0\0\0\0dds|eik|bulstat|vat|") \
    X(by_unp, 9, 5, 255, none, ID_TAX, "by.unp\0[1234567]########\0TNJHD753\0\0unp|\x80\x80\x80|") \
    X(ca_bn, 9, 0, 255, luhn, ID_TAX, "ca.bn\0\0\0\0bn|business number|gst|hst|") \
    X(ca_sin, 9, 0, 255, luhn, 0, "ca.sin\0\0\0###-###-###\0sin|social insurance|nas|assurance sociale|") \
    X(cl_rut_2, 9, 15, 255, none, ID_PREFIX, "cl.rut\0########[0123456789K]\0" "32765432\0##.###.###-?\0rut|run|") \
    X(co_nit_2, 9, 0, 255, co_nit, ID_TAX, "co.nit\0\0\0\0nit|") \
    X(cr_cpf_3, 9, 0, 255, none, 0, "cr.cpf\0\0\0#-####-####\0cedula|") \
    X(cz_rc, 9, 0, 255, birth_number, 0, "cz.rc\0\0\0######/###\0rodne cislo|rc|rodneho cisla|rod. c.|r.c.|") \
    X(de_vat, 9, 0, 255, mod1110, ID_TAX | ID_PREFIX, "de.vat\0\0\0\0ust*|vat|umsatzsteuer*|") \
    X(do_rnc_2, 9, 0, 255, none, ID_TAX, "do.rnc\0\0\0\0rnc|") \
    X(ee_kmkr, 9, 1, 255, none, ID_TAX | ID_PREFIX, "ee.kmkr\0\0" "37137137\0\0kmkr|vat|") \
    X(eg_tn, 9, 0, 255, none, ID_TAX, "eg.tn\0\0\0\0tax registration|trn|") \
    X(es_cif, 9, 0, 255, es_cif, ID_TAX | ID_PREFIX, \
      "es.cif\0[ABCDEFGHJNPQRSUVW]#######?\0\0\0cif|nif|iva|sociedad|empresa|") \
    X(es_nie, 9, 0, 255, es_letter, ID_STRONG | ID_PREFIX, "es.nie\0[XYZ]#######A\0" "\0\0") \
    X(es_nif, 9, 0, 255, es_letter, ID_STRONG | ID_PREFIX, "es.nif\0########A\0\0\0") \
    X(fr_siren, 9, 0, 255, luhn, ID_TAX, "fr.siren\0\0\0\0siren|siret|rcs|") \
    X(gb_nino, 9, 0, 255, gb_nino, ID_STRONG, "gb.nino\0AA######[ABCD]\0\0\0nino|ni|national insurance|insurance|") \
    X(gb_vat, 9, 0, 255, gb_vat, ID_TAX | ID_PREFIX, "gb.vat\0\0\0\0vat|gb|") \
    X(gn_nifp, 9, 0, 255, luhn, ID_TAX, "gn.nifp\0\0\0\0nif|nifp|") \
    X(gr_afm, 9, 8, 255, none, ID_TAX | ID_PREFIX, "gr.afm\0\0" "379A5842\0\0afm|a.f.m.|") \
    X(gt_nit_5, 9, 15, 255, none, ID_TAX, "gt.nit\0########[0123456789K]\0" "98765432\0\0nit|") \
    X(hu_taj, 9, 4, 255, none, 0, "hu.taj\0\0" "37373737\0\0taj|") \
    X(ie_pps_2, 9, 0, 255, ie_pps, 0, "ie.pps\0#######A[AHWTX]\0\0\0pps|ppsn|rsi|personal public|") \
    X(il_hp, 9, 0, 255, luhn, ID_TAX, "il.hp\0" "5########\0\0\0company|h.p.|hp|") \
    X(il_id_2, 9, 0, 255, luhn, 0, "il.id\0\0\0\0teudat|t.z.|tz|id number|identity|mispar|") \
    X(lt_pvm, 9, 0, 255, lt_pvm, ID_TAX | ID_PREFIX, "lt.pvm\0\0\0\0pvm|vat|") \
    X(mz_nuit, 9, 10, 255, none, ID_TAX, "mz.nuit\0\0" "89456789\0\0nuit|") \
    X(nl_bsn, 9, 5, 255, none, 0, "nl.bsn\0\0" "98765432\0\0bsn|burgerservice*|sofi*|") \
    X(no_orgnr, 9, 2, 255, none, ID_TAX | ID_PREFIX, \
      "no.orgnr\0\0" "32765432\0\0organisasjonsnummer|orgnr|org.nr|mva|") \
    X(nz_ird_2, 9, 0, 255, nz_ird, ID_TAX | ID_PREFIX, "nz.ird\0\0\0###-###-###\0ird|") \
    X(pe_cui_2, 9, 0, 255, pe_cui, 0, "pe.cui\0########[0123456789ABCDEFGHIJK]\0\0\0dni|cui|") \
    X(pl_dowod, 9, 0, 255, none, 0, "pl.dowod\0AAA######\0\0\0dowod*|dowodu|seria|") \
    X(pl_regon, 9, 8, 255, none, ID_TAX, "pl.regon\0\0" "89234567\0\0regon|") \
    X(pt_nif, 9, 7, 255, none, ID_TAX | ID_PREFIX, \
      "pt.nif\0[123456789]########\0" "98765432\0\0nif|contribuinte|fiscal|nipc|") \
    X(py_ruc_5, 9, 7, 255, none, ID_TAX, "py.ruc\0\0" "98765432\0########-#\0ruc|") \
    X(ro_cui_4, 9, 0, 255, ro_cui, ID_TAX | ID_PREFIX, "ro.cui\0\0\0\0cui|cif|") \
    X(rs_pib, 9, 0, 255, mod1110, ID_TAX, "rs.pib\0\0\0\0pib|") \
    X(sg_nric, 9, 0, 255, sg_nric, ID_STRONG, "sg.nric\0[STFGM]#######A\0\0\0") \
    X(sg_uen, 9, 17, 255, none, ID_TAX, "sg.uen\0########A\0A4938271\0\0uen|") \
    X(sn_ninea_2, 9, 1, 255, none, ID_TAX, "sn.ninea\0\0" "12121212\0\0ninea|") \
    X(us_aba, 9, 1, 255, none, 0, "us.aba\0\0" "37137137\0\0aba|routing|transit|") \
    X(us_ssn, 9, 0, 255, us_ssn, 0, "us.ssn\0\0\0###-##-####\0ssn|social security|social|itin|taxpayer|tax id|") \
    X(al_nipt, 10, 0, 255, none, ID_TAX | ID_PREFIX, "al.nipt\0[ABCDEFGHIJKLM]########A\0\0\0nipt|nuis|") \
    X(at_svnr, 10, 5, 3, none, 0, "at.svnr\0\0" "379_584216\0\0svnr|sozialversicherung*|versicherung*|sv-nummer|") \
    X(au_medicare, 10, 4, 8, none, 0, "au.medicare\0[23456]#########\0" "13791379\0\0medicare|") \
    X(az_voen_2, 10, 5, 8, none, ID_TAX, "az.voen\0#########[12]\0" "41862753\0\0voen|") \
    X(be_vat_2, 10, 0, 255, be_vat, ID_TAX | ID_PREFIX, \
      "be.vat\0[01]#########\0\0\0btw|tva|vat|ondernemings*|entreprise|be|") \
    X(bg_egn, 10, 8, 255, bg_egn, 0, "bg.egn\0##[012345]#######\0" "2485A9736\0\0egn|edinen|") \
    X(bg_vat_2, 10, 2, 255, none, ID_TAX | ID_PREFIX, "bg.vat\0\0" "432765432\0\0dds|vat|") \
    X(co_nit_3, 10, 0, 255, co_nit, ID_TAX, "co.nit\0\0\0\0nit|") \
    X(cr_cpf_4, 10, 0, 255, none, 0, "cr.cpf\0" "0#########\0\0\0cedula|") \
    X(cr_cpj, 10, 0, 255, none, ID_TAX, "cr.cpj\0[2345]#########\0\0#-###-######\0cedula|juridica|") \
    X(cz_rc_2, 10, 0, 255, birth_number, 0, "cz.rc\0\0\0######/####\0rodne cislo|rc|rodneho cisla|rod. c.|r.c.|") \
    X(de_ausweis, 10, 4, 255, none, 0, \
      "de.ausweis\0[CFGHJKLMNPRTVWXYZ]?????????\0" "731731731\0\0" \
      "ausweis*|personalausweis*|perso|id card|identity|pass|passport|reisepass|") \
    X(de_health, 10, 0, 255, de_health, 0, \
      "de.health\0A#########\0\0\0krankenversicher*|kvnr|gesundheitskarte|versichert*|health|") \
    X(de_stnr, 10, 0, 255, none, ID_TAX, "de.stnr\0\0\0\0steuernummer|st.-nr|stnr|steuer-nr|") \
    X(dk_cpr, 10, 0, 255, dk_cpr, 0, "dk.cpr\0\0\0######-####\0cpr|personnummer|cpr-nummer|") \
    X(do_cedula, 10, 0, 255, none, 0, "do.cedula\0\0\0\0cedula|") \
    X(ec_ci, 10, 0, 255, ec_ruc, 0, "ec.ci\0\0\0\0cedula|ci|identidad|") \
    X(fi_hetu, 10, 0, 255, fi_hetu, 0, "fi.hetu\0#########?\0\0######-###?\0hetu|henkilotunnus|henkilotunnukseni|") \
    X(gb_nhs, 10, 2, 255, none, 0, "gb.nhs\0\0A98765432\0\0nhs|health|patient|") \
    X(gb_utr, 10, 3, 0, none, ID_TAX, \
      "gb.utr\0\0_6789A5432\0\0utr|taxpayer|self assessment|tax|tin|vat|fiscal*|steuer*|") \
    X(hu_tax, 10, 5, 255, none, ID_TAX, "hu.tax\0" "8#########\0" "123456789\0\0adoazonosito|ado*|") \
    X(in_pan, 10, 0, 255, none, ID_TAX | ID_STRONG, "in.pan\0AAA[ABCFGHJKLPT]A####A\0\0\0pan|permanent account|") \
    X(in_voter, 10, 0, 255, voter, 0, "in.voter\0AAA#######\0\0\0voter|epic|election|") \
    X(is_kennitala, 10, 2, 8, none, 0, "is.kennitala\0#########[90]\0" "32765432\0######-####\0kennitala|kt|") \
    X(kr_brn, 10, 0, 255, kr_brn, ID_TAX, "kr.brn\0[123456789]#########\0\0\0brn|business|\x80\x80\x80|") \
    X(om_vat, 10, 0, 255, none, ID_TAX | ID_PREFIX, "om.vat\0#########?\0\0\0vat|") \
    X(pl_nip, 10, 5, 255, none, ID_TAX | ID_PREFIX, "pl.nip\0\0" "657234567\0###-###-##-##\0nip|") \
    X(ro_cui_5, 10, 0, 255, ro_cui, ID_TAX | ID_PREFIX, "ro.cui\0\0\0\0cui|cif|") \
    X(ru_inn, 10, 8, 255, none, ID_TAX, "ru.inn\0\0" "24A359468\0\0inn|\x80\x80\x80|") \
    X(se_orgnr, 10, 0, 255, luhn, ID_TAX, "se.orgnr\0\0\0\0organisationsnummer|orgnr|org.nr|org nr|") \
    X(se_personnummer, 10, 0, 255, luhn_ymd, 0, \
      "se.personnummer\0\0\0######-####\0personnummer|pnr|person nr|samordningsnummer|personal identity|") \
    X(sg_uen_2, 10, 18, 255, none, ID_TAX, "sg.uen\0[12]########A\0A86497531\0\0uen|") \
    X(sg_uen_3, 10, 0, 255, sg_uen, ID_TAX, "sg.uen\0[RST]##A?####A\0\0\0uen|") \
    X(si_maticna_2, 10, 7, 6, none, ID_TAX, "si.maticna\0#######?##\0" "765432\0\0maticna|") \
    X(sk_dph, 10, 0, 255, sk_dph, ID_TAX | ID_PREFIX, "sk.dph\0\0\0\0dph|vat|") \
    X(sn_ninea_3, 10, 1, 6, none, ID_TAX, "sn.ninea\0#######[012]A#\0" "121212\0\0ninea|") \
    X(tr_vkn, 10, 0, 255, tr_vkn, ID_TAX, "tr.vkn\0\0\0\0vergi|vkn|") \
    X(tw_id, 10, 0, 255, tw_id, ID_STRONG, "tw.id\0A[12]########\0\0\0") \
    X(ua_rntrc, 10, 8, 255, none, ID_TAX, "ua.rntrc\0\0A57946A57\0\0rnokpp|ipn|\x80\x80\x80|") \
    X(us_npi, 10, 0, 255, us_npi, 0, "us.npi\0[12]#########\0\0\0npi|provider|") \
    X(ve_rif, 10, 0, 255, ve_rif, ID_TAX, "ve.rif\0[VEJPG]#########\0\0A-########-#\0rif|") \
    X(vn_mst, 10, 13, 255, none, ID_TAX, "vn.mst\0\0" "971862753\0\0mst|ma so thue|tax code|") \
    X(za_tin, 10, 0, 255, luhn, ID_TAX, "za.tin\0[01239]#########\0\0\0tax|sars|") \
    X(ar_cuit, 11, 14, 255, none, ID_TAX, "ar.cuit\0##########[0123456789]\0" "5432765432\0##-########-#\0cuit|cuil|") \
    X(au_abn, 11, 0, 255, au_abn, ID_TAX, "au.abn\0\0\0## ### ### ###\0abn|") \
    X(be_nn, 11, 0, 255, be_nn, 0, \
      "be.nn\0\0\0##.##.##-###.##\0rijksregister*|registre national|nn|nrn|insz|niss|national*|") \
    X(br_cpf, 11, 0, 255, br_second, 0, "br.cpf\0\0\0###.###.###-##\0cpf|") \
    X(co_nit_4, 11, 0, 255, co_nit, ID_TAX, "co.nit\0\0\0\0nit|") \
    X(cr_cr, 11, 0, 255, none, 0, "cr.cr\0" "1##########\0\0\0dimex|cedula|") \
    X(de_idnr, 11, 0, 255, de_idnr, ID_TAX, "de.idnr\0\0\0\0steuer*|idnr|tin|tax|identifikationsnummer|") \
    X(de_stnr_2, 11, 0, 255, none, ID_TAX, "de.stnr\0\0\0\0steuernummer|st.-nr|stnr|steuer-nr|") \
    X(do_cedula_2, 11, 0, 255, none, 0, "do.cedula\0\0\0###-#######-#\0cedula|") \
    X(ee_ik, 11, 0, 255, baltic, 0, \
      "ee.ik\0[12345678]##########\0\0\0isikukood|personal code|asmens kod*|identification|") \
    X(fi_hetu_2, 11, 0, 255, fi_hetu, ID_STRONG, "fi.hetu\0######[ABCDEFYXWVU]###?\0\0\0") \
    X(fr_tva, 11, 0, 255, fr_tva, ID_TAX | ID_PREFIX, "fr.tva\0\0\0\0tva|vat|") \
    X(gh_tin, 11, 19, 255, none, ID_TAX, "gh.tin\0[PCGQV]#########[0123456789X]\0_123456789\0\0tin|") \
    X(gr_amka, 11, 0, 255, luhn_dmy, 0, "gr.amka\0\0\0\0amka|") \
    X(hr_oib, 11, 0, 255, mod1110, ID_PREFIX, "hr.oib\0\0\0\0oib|") \
    X(it_iva, 11, 0, 255, luhn, ID_TAX | ID_PREFIX, "it.iva\0\0\0\0iva|partita|p.iva|vat|") \
    X(ke_pin, 11, 0, 255, none, ID_TAX, "ke.pin\0[AP]#########A\0\0\0kra|pin|") \
    X(lt_asmens, 11, 0, 255, baltic, 0, "lt.asmens\0[12345678]##########\0\0\0asmens kod*|ak|") \
    X(lv_pk, 11, 0, 255, lv_pk, ID_PREFIX, "lv.pk\0\0\0######-#####\0personas kod*|pk|") \
    X(no_fodselsnummer, 11, 0, 255, no_second, 0, \
      "no.fodselsnummer\0\0\0\0fodselsnummer|personnummer|fnr|fodsels*|d-nummer|") \
    X(pe_ruc, 11, 9, 255, none, ID_TAX, "pe.ruc\0[12]##########\0" "5432765432\0\0ruc|") \
    X(pl_pesel, 11, 1, 255, pl_pesel, 0, "pl.pesel\0\0" "1379137913\0\0pesel|") \
    X(ru_snils, 11, 0, 255, ru_snils, 0, "ru.snils\0\0\0###-###-### ##\0snils|c\x80\x80\x80\x80|") \
    X(tr_tckimlik, 11, 0, 255, tr_kimlik, 0, "tr.tckimlik\0[123456789]##########\0\0\0kimlik|tckn|t.c.|tc|") \
    X(ch_uid, 12, 2, 11, none, ID_TAX | ID_STRONG, "ch.uid\0CHE#########\0" "00054327654\0\0uid|mwst|tva|iva|") \
    X(cr_cr_2, 12, 0, 255, none, 0, "cr.cr\0" "1###########\0\0\0dimex|cedula|") \
    X(de_rvnr, 12, 0, 255, de_rvnr, ID_STRONG, \
      "de.rvnr\0########A###\0\0\0rentenversicherung*|sozialversicherung*|rvnr|svnr|versicherung*|") \
    X(gb_vat_2, 12, 0, 255, gb_vat, ID_TAX | ID_PREFIX, "gb.vat\0\0\0\0vat|gb|") \
    X(in_aadhaar, 12, 0, 255, verhoeff, 0, "in.aadhaar\0[23456789]###########\0\0\0aadhaar|aadhar|uidai|uid|") \
    X(isin, 12, 0, 255, isin, 0, "isin\0AA?????????#\0\0\0isin|") \
    X(jp_mynumber, 12, 7, 255, none, 0, "jp.mynumber\0\0" "65432765432\0\0my number|mynumber|individual number|") \
    X(kz_iin, 12, 0, 255, kz_iin, 0, "kz.iin\0\0\0\0iin|\x80\x80h|") \
    X(lt_pvm_2, 12, 0, 255, lt_pvm, ID_TAX | ID_PREFIX, "lt.pvm\0\0\0\0pvm|vat|") \
    X(mx_rfc, 12, 0, 255, mx_rfc, ID_TAX, "mx.rfc\0rrr######???\0\0\0rfc|") \
    X(my_nric, 12, 0, 255, ymd, 0, "my.nric\0\0\0\0mykad|nric|ic|kad pengenalan|") \
    X(nl_btw, 12, 0, 255, nl_btw, ID_TAX | ID_PREFIX, "nl.btw\0#########B##\0\0\0btw|vat|") \
    X(no_mva, 12, 2, 8, none, ID_TAX | ID_STRONG | ID_PREFIX, "no.mva\0#########MV[A]\0" "32765432\0\0") \
    X(pt_cc, 12, 0, 255, pt_cc, 0, "pt.cc\0#########??#\0\0\0cartao de cidadao|cc|") \
    X(ru_inn_2, 12, 0, 255, ru_inn12, ID_TAX, "ru.inn\0\0\0\0inn|\x80\x80\x80|") \
    X(se_personnummer_2, 12, 0, 255, luhn_ymd, 0, \
      "se.personnummer\0[12][90]##########\0\0########-####\0personnummer|pnr|person nr|samordningsnummer|personal identity|") \
    X(se_vat, 12, 0, 255, se_vat, ID_TAX | ID_PREFIX, "se.vat\0##########01\0\0\0moms|vat|") \
    X(sn_ninea_4, 12, 1, 8, none, ID_TAX, "sn.ninea\0#########[012]A#\0" "12121212\0\0ninea|") \
    X(uy_rut, 12, 2, 255, none, ID_TAX | ID_PREFIX, "uy.rut\0[012]#######001#\0" "43298765432\0\0rut|ruc|") \
    X(ch_ahv, 13, 1, 255, none, ID_STRONG, \
      "ch.ahv\0" "756##########\0" "131313131313\0" "756.####.####.##\0ahv|avs|oasi|sozialversicherung*|") \
    X(de_stnr_3, 13, 0, 255, none, ID_TAX, "de.stnr\0\0\0\0steuernummer|st.-nr|stnr|steuer-nr|") \
    X(ec_ruc, 13, 0, 255, ec_ruc, ID_TAX, "ec.ruc\0\0\0\0ruc|") \
    X(jp_cn, 13, 0, 255, jp_cn, ID_TAX, "jp.cn\0\0\0\0corporate number|houjin|") \
    X(kr_rrn, 13, 9, 255, ymd, 0, "kr.rrn\0\0" "234567892345\0######-#######\0rrn|resident|jumin|") \
    X(md_idno, 13, 4, 255, none, 0, "md.idno\0\0" "731731731731\0\0idno|idnp|") \
    X(mk_edb, 13, 7, 255, none, ID_TAX | ID_PREFIX, "mk.edb\0\0" "765432765432\0\0edb|") \
    X(mx_rfc_2, 13, 0, 255, mx_rfc, ID_TAX, "mx.rfc\0rrrr######???\0\0\0rfc|") \
    X(ro_cnp, 13, 10, 255, ro_cnp, 0, "ro.cnp\0[123456789]############\0" "279146358279\0\0cnp|cod numeric|") \
    X(rs_jmbg, 13, 2, 255, jmbg, 0, "rs.jmbg\0\0" "765432765432\0\0jmbg|emso|embg|maticni|") \
    X(ru_ogrn, 13, 0, 255, ru_ogrn, ID_TAX, "ru.ogrn\0\0\0\0ogrn|o\x80ph|") \
    X(th_pin, 13, 9, 255, none, 0, \
      "th.pin\0[12345678]############\0DCBA98765432\0#-####-#####-##-#\0thai|citizen|id card|national id|tnin|tax|") \
    X(th_tin, 13, 9, 255, none, ID_TAX, "th.tin\0\0DCBA98765432\0#-####-#####-##-#\0tax id|tin|") \
    X(vn_mst_2, 13, 13, 9, none, ID_TAX, "vn.mst\0\0" "971862753\0\0mst|ma so thue|tax code|") \
    X(za_id, 13, 0, 255, luhn_ymd, 0, "za.id\0##########[012]##\0\0\0id number|id no|identity|sa id|said|") \
    X(br_cnpj, 14, 0, 255, br_second, ID_TAX, "br.cnpj\0????????????##\0\0##.###.###/####-##\0cnpj|") \
    X(fr_siret, 14, 0, 255, fr_siret, ID_TAX, "fr.siret\0\0\0\0siret|siren|") \
    X(imei, 14, 0, 255, none, 0, "imei\0\0\0\0imei|") \
    X(mu_nid, 14, 16, 255, mu_nid, 0, "mu.nid\0A############?\0EDCBA98765432\0\0nic|national id|identity|") \
    X(pl_regon_2, 14, 8, 255, pl_regon, ID_TAX, "pl.regon\0\0" "2485097361248\0\0regon|") \
    X(sv_nit, 14, 0, 255, sv_nit, ID_TAX | ID_PREFIX, "sv.nit\0[019]#############\0\0####-######-###-#\0nit|") \
    X(ca_bn_2, 15, 0, 255, luhn9, ID_TAX | ID_STRONG, "ca.bn\0#########R[CMPT]####\0\0\0") \
    X(ch_vat, 15, 2, 11, none, ID_TAX | ID_STRONG, "ch.vat\0CHE#########[TI][PV][AV]\0" "00054327654\0\0") \
    X(dz_nif, 15, 0, 255, none, ID_TAX, "dz.nif\0\0\0\0nif|") \
    X(fr_nir, 15, 0, 255, fr_nir, ID_STRONG, \
      "fr.nir\0[123478]####[0123456789][0123456789AB]########\0\0# ## ## ## ### ### ##\0secu*|nir|insee|social*|carte vitale|") \
    X(id_npwp, 15, 0, 255, luhn9, ID_TAX, "id.npwp\0\0\0##.###.###.#-###.###\0npwp|") \
    X(imei_2, 15, 0, 255, imei, 0, "imei\0\0\0\0imei|") \
    X(in_gstin, 15, 0, 255, in_gstin, ID_TAX | ID_STRONG, "in.gstin\0##AAAAA####A?Z?\0\0\0") \
    X(ma_ice, 15, 0, 255, ma_ice, ID_TAX, "ma.ice\0\0\0\0ice|") \
    X(ru_ogrn_2, 15, 0, 255, ru_ogrn, ID_TAX, "ru.ogrn\0\0\0\0ogrn|o\x80ph|") \
    X(ch_vat_2, 16, 2, 11, none, ID_TAX | ID_STRONG, "ch.vat\0CHE#########MWST\0" "00054327654\0\0") \
    X(imei_3, 16, 0, 255, none, 0, "imei\0\0\0\0imei|imeisv|") \
    X(it_codicefiscale, 16, 0, 255, it_cf, ID_STRONG, "it.codicefiscale\0AAAAAAoo[ABCDEHLMPRST]ooAoooA\0\0\0") \
    X(vin, 17, 0, 255, vin, 0, "vin\0?????????????????\0\0\0vin|chassis|vehicle|fahrgestell*|fin|") \
    X(cn_ric, 18, 12, 255, cn_ric, ID_STRONG, "cn.ric\0#################[0123456789X]\0" "79A584216379A5842\0\0") \
    X(cn_uscc, 18, 0, 255, cn_uscc, ID_TAX, "cn.uscc\0########??????????\0\0\0uscc|credit code|") \
    X(mx_curp, 18, 0, 255, mx_curp, ID_STRONG, "mx.curp\0AAAA######[HMX]AAAAA?#\0\0\0") \
    X(dz_nif_2, 20, 0, 255, none, ID_TAX, "dz.nif\0\0\0\0nif|") \
    X(lei, 20, 0, 255, mod97, 0, "lei\0??????????????????##\0\0\0lei|") \
    X(ar_cbu, 22, 0, 255, ar_cbu, 0, "ar.cbu\0\0\0\0cbu|")

struct id_texts {
#define ID_TEXT_MEMBER(tag, n, map, check, more, flags, text) char tag[sizeof text];
    ID_ROWS(ID_TEXT_MEMBER)
};
static const struct id_texts id_texts = {
#define ID_TEXT_VALUE(tag, n, map, check, more, flags, text) text,
    ID_ROWS(ID_TEXT_VALUE)
};
static const struct {
    uint16_t text;
    uint8_t n, map, check, more, flags;
} id_rows[] = {
#define ID_ROW(tag, n, map, check, more, flags, text) {offsetof(struct id_texts, tag), n, map, check, HR_ID_CHECK_##more, flags},
    ID_ROWS(ID_ROW)
};
enum { ID_N = HR_COUNT(id_rows) };
_Static_assert(HR_COUNT(id_rows) <= 64 * HR_ID_SET, "a bit for each scheme");

/* --- asking it ------------------------------------------------------------------------------------------------------------------ */
int hr_id_schemes(void) { return ID_N; }
static const char *id_text(int i, int part) {
    const char *p = (const char *)&id_texts + id_rows[i].text;
    while (part-- > 0) p += strlen(p) + 1;
    return p;
}
const char *hr_id_scheme_name(int i) { return i >= 0 && i < ID_N ? id_text(i, 0) : NULL; }
size_t hr_id_length(int i) { return id_rows[i].n; }
const char *hr_id_form(int i) { return id_text(i, 3); }
const char *hr_id_words(int i) { return id_text(i, 4); }
unsigned hr_id_flags(int i) { return id_rows[i].flags | (id_rows[i].map || id_rows[i].more ? ID_CHECKED : 0u); }

int hr_id_first(size_t n) {
    int lo = 0, hi = ID_N;
    while (lo < hi) {
        int mid = (lo + hi) / 2;
        if (id_rows[mid].n < n) lo = mid + 1;
        else hi = mid;
    }
    return lo;
}

static bool id_fits(const char *shape, const char *t, size_t n) {
    size_t i = 0;
    for (const char *p = shape; *p && i < n; p++, i++) {
        char c = t[i];
        bool digit = c >= '0' && c <= '9', letter = c >= 'A' && c <= 'Z', fits = false;
        if (*p == '[') {
            for (p++; *p != ']'; p++) fits = fits || *p == c;
        } else {
            fits = *p == '#'   ? digit
                   : *p == 'A' ? letter
                   : *p == '?' ? digit || letter
                   : *p == 'r' ? letter || c == '&'
                   : *p == 'o' ? digit || (c >= 'L' && c <= 'V' && c != 'O')
                               : *p == c;
        }
        if (!fits) return false;
    }
    while (*shape == 0 && i < n && t[i] >= '0' && t[i] <= '9') i++;
    return i == n;
}

bool hr_id_holds(int i, const char *t, size_t n) {
    if (n != id_rows[i].n || !id_fits(id_text(i, 1), t, n)) return false;
    size_t same = 1;
    while (same < n && t[same] == t[0]) same++;
    if (same == n) return false;
    const char *map = id_maps[id_rows[i].map];
    if (*map && !hr_id_weighs(t, n, id_text(i, 2), (int)strlen(map), map, id_rows[i].check)) return false;
    return hr_id_check(id_rows[i].more, t, n);
}

size_t hr_id_prefix(int i, const char *t, size_t n) {
    const char *name = id_text(i, 0);
    if (!(id_rows[i].flags & ID_PREFIX) || n < 3) return 0;
    if (memcmp(name, "gr", 2) == 0) name = "el";
    return (t[0] | 32) == name[0] && (t[1] | 32) == name[1] ? 2 : 0;
}

static size_t id_compact(const char *text, size_t n, char *t) {
    size_t m = 0;
    for (size_t i = 0; i < n;) {
        int c;
        i += hr_redact_unit((const uint8_t *)text + i, n - i, true, &c);
        if (c == HR_FOLD_NOTHING || strchr(" -./+,()", c) != NULL) continue;
        if (c >= 'a' && c <= 'z') c -= 32;
        if (m == ID_LONGEST || c >= 0x80) return 0;
        t[m++] = (char)c;
    }
    return m;
}
bool hr_id_valid(int scheme, const char *text, size_t n) {
    char t[ID_LONGEST];
    size_t m = id_compact(text, n, t);
    if (m == 0 || scheme < 0 || scheme >= ID_N) return false;
    size_t skip = hr_id_prefix(scheme, t, m);
    return hr_id_holds(scheme, t + skip, m - skip);
}

#undef ID_ROWS
#undef ID_TEXT_MEMBER
#undef ID_TEXT_VALUE
#undef ID_ROW
