/* convert.c: the files of a model folder but for its weights. */
#include "tools/convert.h"
#if !defined(HEARTH_DROP_TOOLS)
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* *data stays NULL when there is no such file */
static hr_status read_optional(cv_job *j, const char *name, char **data, size_t *n) {
    char path[4300];
    hr_file f;
    *data = NULL;
    *n = 0;
    memset(&f, 0, sizeof f);
    if (snprintf(path, sizeof path, "%s/%s", j->folder, name) >= (int)sizeof path)
        return hr_fail(j->err, HR_E_LIMIT, HR_NO_OFFSET, name, "the path is too long");
    if (access(path, F_OK) != 0) return HR_OK;
    HR_TRY(hr_file_open(&f, path, NULL, false, j->err));
    hr_status status = HR_OK;
    char *p = NULL;
    if (f.size > JSON_MAX_BYTES)
        status = hr_fail(j->err, HR_E_LIMIT, HR_NO_OFFSET, name, "%llu bytes", (unsigned long long)f.size);
    else if (!(p = (char *)malloc((size_t)f.size + 1)))
        status = hr_fail(j->err, HR_E_MEMORY, HR_NO_OFFSET, name, "no memory for %llu bytes", (unsigned long long)f.size);
    else status = hr_file_read(&f, 0, p, (size_t)f.size, j->err);
    const size_t size = (size_t)f.size;
    hr_file_close(&f);
    if (status != HR_OK) {
        free(p);
        return status;
    }
    p[size] = 0;
    *data = p;
    *n = size;
    return HR_OK;
}
static hr_status read_json(cv_job *j, const char *name, json_doc *d) {
    char *data = NULL;
    size_t n = 0;
    HR_TRY(read_optional(j, name, &data, &n));
    return data ? json_parse(d, name, data, n, j->err) : HR_OK;
}
static hr_status choose_family(cv_job *j) {
    const json_node *root = json_root(&j->config), *list = json_get(root, "architectures");
    hr_str name = {"", 0};
    if (!json_is(root, JSON_OBJECT))
        return hr_fail(j->err, HR_E_FORMAT, HR_NO_OFFSET, "config.json", "is not there, or is no object");
    for (const json_node *e = json_first(list); e && !j->family; e = json_next(list, e))
        if (json_str(e, &name)) j->family = cv_find_family(name);
    if (!j->family && json_is_str(json_get(root, "model_type"), "nomic_bert"))
        j->family = cv_find_family(hr_str_of("NomicBertModel"));
    if (!j->family)
        return hr_fail(j->err, HR_E_UNSUPPORTED, HR_NO_OFFSET, "architectures", "'%.*s' is not converted",
                       (int)hr_min_size(name.size, 60), name.data);
    const json_node *text = json_get(root, "text_config");
    j->c = json_is(text, JSON_OBJECT) ? text : root;
    return HR_OK;
}
hr_status cv_open(cv_job *j, const char *folder, hr_error *err) {
    j->folder = folder;
    j->err = err;
    const struct { const char *name; json_doc *d; } files[] = {
        {"config.json", &j->config}, {"generation_config.json", &j->generation}, {"tokenizer.json", &j->tokenizer},
        {"tokenizer_config.json", &j->tokenizer_config}, {"special_tokens_map.json", &j->special},
        {"added_tokens.json", &j->added}};
    for (size_t i = 0; i < HR_COUNT(files); i++) HR_TRY(read_json(j, files[i].name, files[i].d));
    HR_TRY(read_optional(j, "tokenizer.model", &j->spm, &j->n_spm));
    HR_TRY(read_optional(j, "vocab.txt", &j->vocab_txt, &j->n_vocab_txt));
    HR_TRY(read_optional(j, "chat_template.jinja", &j->chat_template, &j->n_chat_template));
    HR_TRY(choose_family(j));
    return cv_read_shape(j);
}
void cv_close(cv_job *j) {
    json_doc *docs[] = {&j->config, &j->generation, &j->tokenizer, &j->tokenizer_config, &j->special, &j->added};
    for (size_t i = 0; i < HR_COUNT(docs); i++) json_free(docs[i]);
    if (j->writing) hr_gguf_write_abandon(&j->w, false);
    free(j->spm);
    free(j->vocab_txt);
    free(j->chat_template);
    for (size_t i = 0; i < j->n_tensors; i++) free(j->tensors[i].values);
    free(j->tensors);
    free(j->parts);
    free(j->vocab.tokens);
    free(j->vocab.scores);
    free(j->vocab.types);
    free(j->vocab.merges);
    free(j->vocab.pool);
    st_close(&j->st);
}
#endif
