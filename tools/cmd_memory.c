/* cmd_memory.c: `hearth memory`: a store of what an app learns about its user, at work from the shell. */
#include "tools/cmd_memory.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const kind_names[] = {"text", "tone", "intent", "blocked", "person", "device", "value"};

typedef struct memory_options {
    const char *scope, *source, *tags, *key, *kind, *term, *file;
    const char *key_file, *passphrase_file, *new_key_file, *new_passphrase_file, *model;
    uint64_t id, expires, from, to;
    int k, confidence, tokens;
    bool json, all, repair, no_cache, explain, stems, near_too;
} memory_options;

static int kind_of(const char *name) {
    for (size_t i = 0; i < CLI_COUNT(kind_names); i++)
        if (name && strcmp(name, kind_names[i]) == 0) return (int)i;
    return -1;
}
static void clear_memory_error(hearth_error *err) {
    memset(err, 0, sizeof *err);
    err->offset = HEARTH_NO_OFFSET;
}
static hearth_filter filter_of(const memory_options *o) {
    hearth_filter f = HEARTH_FILTER_ANY;
    f.scope = o->scope, f.source = o->source, f.tag = o->tags, f.term = o->term;
    f.id = o->id, f.from_ms = o->from, f.to_ms = o->to;
    f.kind = kind_of(o->kind);
    return f;
}

void memory_show(const hearth_item *i, const hearth_hit *h, bool json) {
    if (!json) {
        printf("%llu\t", (unsigned long long)i->id);
        if (h) printf("%.4f\t", h->score);
        if (i->n_key) cli_print_safe(stdout, i->key, i->n_key), printf(": ");
        cli_print_safe(stdout, i->text, i->n_text);
        putchar('\n');
        return;
    }
    cli_json_open(NULL, '{');
    cli_json_u64("id", i->id);
    if (h) {
        cli_json_num("score", h->score);
        cli_json_int("words_rank", h->words_rank);
        cli_json_num("words_score", h->words_score);
        cli_json_int("vector_rank", h->vector_rank);
        cli_json_num("vector_score", h->vector_score);
    }
    cli_json_str("kind", kind_names[i->kind]);
    cli_json_u64("time_ms", i->time_ms);
    cli_json_u64("expires_ms", i->expires_ms);
    cli_json_int("confidence", i->confidence);
    cli_json_u64("count", i->count);
    cli_json_text("scope", i->scope, i->n_scope);
    cli_json_text("source", i->source, i->n_source);
    cli_json_text("tags", i->tags, i->n_tags);
    cli_json_text("key", i->key, i->n_key);
    cli_json_text("text", i->text, i->n_text);
    cli_json_close('}');
}

void memory_say(bool json, const char *key, uint64_t v, const char *words) {
    if (!json) {
        printf("%llu%s\n", (unsigned long long)v, words);
        return;
    }
    cli_json_open(NULL, '{');
    cli_json_u64(key, v);
    cli_json_close('}');
}

static hearth_item item_given(const memory_options *o) {
    hearth_item i;
    memset(&i, 0, sizeof i);
    i.id = o->id, i.expires_ms = o->expires, i.confidence = o->confidence;
    i.kind = o->kind ? kind_of(o->kind) : o->key ? HEARTH_VALUE : HEARTH_TEXT;
    i.scope = o->scope, i.n_scope = o->scope ? strlen(o->scope) : 0;
    i.source = o->source, i.n_source = o->source ? strlen(o->source) : 0;
    i.tags = o->tags, i.n_tags = o->tags ? strlen(o->tags) : 0;
    i.key = o->key, i.n_key = o->key ? strlen(o->key) : 0;
    return i;
}

static int memory_add(hearth_memory *m, const memory_options *o, const char *text) {
    hearth_error err;
    hearth_item i;
    char *data = NULL;
    size_t n = 0;
    clear_memory_error(&err);
    if (!text && cli_read_file(o->file ? o->file : "-", &data, &n) != CLI_OK) return CLI_FAILED;
    if (data && n > 0 && data[n - 1] == '\n') n--;
    i = item_given(o);
    i.text = text ? text : data, i.n_text = text ? strlen(text) : n;
    hearth_status status = hearth_memory_put(m, &i, 1, &err);
    free(data);
    if (status != HEARTH_OK) return cli_report(&err, "add");
    if (o->json) {
        cli_json_open(NULL, '{');
        cli_json_u64("id", i.id);
        cli_json_bool("kept_older", i.id == 0);
        cli_json_close('}');
    } else if (i.id) {
        printf("%llu\n", (unsigned long long)i.id);
    } else {
        printf("kept: what is there under this key is certain\n");
    }
    return CLI_OK;
}

/* how the score came about */
static void memory_explain(const hearth_hit *h, bool both) {
    printf("\twords: ");
    if (h->words_rank) printf("rank %d, BM25 %.4f", h->words_rank, h->words_score);
    else printf("not in the list");
    if (both && h->vector_rank) printf("; meaning: rank %d, cosine %.4f", h->vector_rank, h->vector_score);
    else if (both) printf("; meaning: not in the list");
    if (both) printf("; %.4f =%s", h->score, h->words_rank ? "" : " 0");
    if (both && h->words_rank) printf(" 1/(60+%d)", h->words_rank);
    if (both && h->vector_rank) printf(" + 1/(60+%d)", h->vector_rank);
    putchar('\n');
}

static int memory_find(hearth_memory *m, const memory_options *o, const char *words) {
    static hearth_hit hits[10000];
    hearth_error err;
    hearth_item item;
    hearth_filter f = filter_of(o);
    size_t n;
    float *vector = NULL;
    uint32_t dim = 0;
    char space[128];
    clear_memory_error(&err);
    if (o->model && memory_embed(o->model, words, &vector, &dim, space) != CLI_OK) return CLI_FAILED;
    hearth_status status = hearth_memory_find(m, words, vector, dim, space, &f, hits, (size_t)o->k, &n, &err);
    const bool vector_asked = vector != NULL;
    free(vector);
    if (status != HEARTH_OK) return cli_report(&err, "find");
    if (o->json) cli_json_open(NULL, '[');
    for (size_t i = 0; i < n; i++) {
        if (hearth_memory_get(m, hits[i].id, &item, &err) != HEARTH_OK) return cli_report(&err, "find");
        memory_show(&item, &hits[i], o->json);
        if (o->explain && !o->json) memory_explain(&hits[i], vector_asked);
    }
    if (o->json) cli_json_close(']');
    return CLI_OK;
}

static int memory_get(hearth_memory *m, const memory_options *o, const char *id) {
    hearth_error err;
    hearth_item item;
    hearth_filter f = filter_of(o);
    uint64_t after = 0;
    clear_memory_error(&err);
    if (id) {
        char *end;
        if (hearth_memory_get(m, strtoull(id, &end, 10), &item, &err) != HEARTH_OK) return cli_report(&err, "get");
        memory_show(&item, NULL, o->json);
        return CLI_OK;
    }
    if (o->json) cli_json_open(NULL, '[');
    while (hearth_memory_next(m, after, &f, &item, &err) == HEARTH_OK) {
        after = item.id;
        memory_show(&item, NULL, o->json);
    }
    if (o->json) cli_json_close(']');
    return err.status == HEARTH_E_ARG ? CLI_OK : cli_report(&err, "get");
}

static int memory_forget(hearth_memory *m, const memory_options *o) {
    hearth_error err;
    hearth_filter f = filter_of(o);
    uint64_t n;
    clear_memory_error(&err);
    if (!o->all && !o->id && !o->scope && !o->source && !o->tags && !o->term && !o->from && !o->to && !o->kind)
        return cli_misuse("memory", "forget", "say what: --id, --scope, --source, --tag, --term, --kind, --from, --to, or --all");
    if (hearth_memory_forget(m, &f, &n, &err) != HEARTH_OK) return cli_report(&err, "forget");
    memory_say(o->json, "forgotten", n, " forgotten");
    return CLI_OK;
}

static int memory_stats(hearth_memory *m, bool json) {
    hearth_memory_stats s;
    hearth_memory_get_stats(m, &s);
    const struct { const char *name; uint64_t v; } rows[] = {
        {"items", s.items}, {"vectors", s.vectors}, {"spaces", s.spaces}, {"file_bytes", s.file_bytes},
        {"live_bytes", s.live_bytes}, {"lost_records", s.lost_records}, {"lost_places", s.lost_places}};
    if (json) cli_json_open(NULL, '{');
    for (size_t i = 0; i < CLI_COUNT(rows); i++) {
        if (json) cli_json_u64(rows[i].name, rows[i].v);
        else printf("%-13s %llu\n", rows[i].name, (unsigned long long)rows[i].v);
    }
    if (json) cli_json_close('}');
    return s.lost_places ? CLI_FAILED : CLI_OK;
}

/* *data: malloc'ed key, NULL when neither file is named. A key file holds 32 bytes; a passphrase is a file's first line. */
static int read_secret(const char *key_file, const char *passphrase_file, char **data, size_t *n) {
    *data = NULL, *n = 0;
    if (key_file && passphrase_file) return cli_misuse("memory", key_file, "a key or a passphrase, not both");
    if (!key_file && !passphrase_file) return CLI_OK;
    if (cli_read_file(key_file ? key_file : passphrase_file, data, n) != CLI_OK) return CLI_FAILED;
    if (passphrase_file) {
        size_t k = 0;
        while (k < *n && (*data)[k] != '\n' && (*data)[k] != '\r') k++;
        *n = k;
    }
    return CLI_OK;
}
static void drop_secret(char *data, size_t n) {
    for (volatile char *p = data; p && n > 0; n--) *p++ = 0;
    free(data);
}
static int memory_rekey(hearth_memory *m, const memory_options *o) {
    hearth_error err;
    char *key;
    size_t n;
    clear_memory_error(&err);
    int code = read_secret(o->new_key_file, o->new_passphrase_file, &key, &n);
    if (code != CLI_OK) return code;
    if (!key) return cli_misuse("memory", "rekey", "needs --new-key-file or --new-passphrase-file");
    if (hearth_memory_rekey(m, key, n, o->new_passphrase_file ? HEARTH_MEMORY_PASSPHRASE : 0, &err) != HEARTH_OK) {
        code = cli_report(&err, "rekey");
    }
    drop_secret(key, n);
    return code;
}

/* cache: not where damage must be found at once */
static int open_memory(const char *path, const memory_options *o, bool read, bool cache, hearth_memory **m) {
    hearth_memory_config config = HEARTH_MEMORY_CONFIG_INIT;
    hearth_error err;
    char *secret;
    size_t n;
    clear_memory_error(&err);
    int code = read_secret(o->key_file, o->passphrase_file, &secret, &n);
    if (code != CLI_OK) return code;
    config.key = secret, config.key_bytes = n;
    config.flags = (read ? (uint32_t)HEARTH_MEMORY_READ : 0u) | (o->repair ? (uint32_t)HEARTH_MEMORY_REPAIR : 0u) |
                   (o->passphrase_file ? (uint32_t)HEARTH_MEMORY_PASSPHRASE : 0u) |
                   (cache && !o->no_cache && !o->repair ? (uint32_t)HEARTH_MEMORY_CACHE : 0u) |
                   (o->stems ? (uint32_t)HEARTH_MEMORY_STEMS : 0u) | (o->near_too ? (uint32_t)HEARTH_MEMORY_NEAR : 0u);
    hearth_status status = hearth_memory_open(path, &config, m, &err);
    drop_secret(secret, n);
    return status == HEARTH_OK ? CLI_OK : cli_report(&err, path);
}

enum { WORD_ADD, WORD_PUT, WORD_FIND, WORD_GET, WORD_FORGET, WORD_COMPACT, WORD_STATS, WORD_EXPORT, WORD_IMPORT, WORD_REKEY,
       WORD_FACTS, WORD_DIGEST, WORD_DUMP, WORD_LOAD, WORD_VERIFY, WORD_REEMBED };
static const char *const memory_words[] = {"add", "put", "find", "get", "forget", "compact", "stats", "export", "import",
                                           "rekey", "facts", "digest", "dump", "load", "verify", "reembed"};

static bool facts_set(const char *what) { return what && strcmp(what, "set") == 0; }

static int check_words(int verb, const memory_options *o, const char *const *words) {
    if (verb < 0) return cli_misuse("memory", words[1], "unknown; see hearth memory --help");
    if (o->kind && kind_of(o->kind) < 0) return cli_misuse("memory", "--kind", "unknown: %s", o->kind);
    if (verb == WORD_PUT && !o->key) return cli_misuse("memory", "put", "needs --key");
    if (verb == WORD_FIND && !words[2]) return cli_misuse("memory", "find", "needs words");
    if (verb == WORD_REEMBED && !o->model) return cli_misuse("memory", "reembed", "needs --model");
    if (verb != WORD_FACTS) return words[3] ? cli_misuse("memory", words[3], "one word too many") : CLI_GO;
    if (!facts_set(words[2]) && (!words[2] || (strcmp(words[2], "get") != 0 && strcmp(words[2], "list") != 0))) {
        return cli_misuse("memory", "facts", "set, get or list");
    }
    if (facts_set(words[2]) && (!o->key || !words[3])) return cli_misuse("memory", "facts set", "needs --key and a text");
    if (strcmp(words[2], "get") == 0 && !words[3] && !o->key) return cli_misuse("memory", "facts get", "needs a key");
    return CLI_GO;
}

static int memory_word(int verb, hearth_memory *m, const memory_options *o, const char *const *words) {
    hearth_error err;
    hearth_filter f = filter_of(o);
    hearth_item fact = item_given(o);
    fact.text = words[3], fact.n_text = words[3] ? strlen(words[3]) : 0;
    clear_memory_error(&err);
    switch (verb) {
    case WORD_ADD: case WORD_PUT: return memory_add(m, o, words[2]);
    case WORD_FIND: return memory_find(m, o, words[2]);
    case WORD_GET: return memory_get(m, o, words[2]);
    case WORD_FORGET: return memory_forget(m, o);
    case WORD_COMPACT: return hearth_memory_compact(m, &err) == HEARTH_OK ? CLI_OK : cli_report(&err, words[0]);
    case WORD_EXPORT: return memory_save(m, HEARTH_LINES, words[2]);
    case WORD_IMPORT: return memory_load(m, HEARTH_LINES, words[2], o->json);
    case WORD_REKEY: return memory_rekey(m, o);
    case WORD_FACTS: return memory_facts(m, &fact, &f, words[2], words[3], o->json);
    case WORD_DIGEST: return memory_digest(m, o->scope, o->tokens, o->model, o->json);
    case WORD_DUMP: return memory_save(m, HEARTH_FACTS, words[2]);
    case WORD_LOAD: return memory_load(m, HEARTH_FACTS, words[2], o->json);
    case WORD_VERIFY: return memory_verify(m, o->json);
    case WORD_REEMBED: return memory_reembed(m, o->model, o->json);
    default: return memory_stats(m, o->json);
    }
}

int cmd_memory(int argc, char **argv) {
    memory_options o;
    memset(&o, 0, sizeof o);
    o.k = 10;
    o.tokens = 256;
    o.confidence = 1000;
    const char *words[4] = {NULL, NULL, NULL, NULL};
    const cli_option options[] = {
        {"--scope", NULL, CLI_TEXT, &o.scope, 0, 0, "NAME", "whose or what for; asked for or given"},
        {"--source", NULL, CLI_TEXT, &o.source, 0, 0, "NAME", "where it comes from"},
        {"--tag", "--tags", CLI_TEXT, &o.tags, 0, 0, "LIST", "tags, joined by commas; when searching: one"},
        {"--kind", NULL, CLI_TEXT, &o.kind, 0, 0, "KIND", "text, tone, intent, blocked, person, device, value"},
        {"--key", NULL, CLI_TEXT, &o.key, 0, 0, "KEY", "of a structured item; the newer takes the older's place"},
        {"--confidence", NULL, CLI_INT, &o.confidence, 0, 1000, "N", "1000: the user said so; less never replaces that"},
        {"--expires", NULL, CLI_U64, &o.expires, 0, 0, "MS", "Unix milliseconds"},
        {"--id", NULL, CLI_U64, &o.id, 0, 0, "ID", "add: the item to replace; forget: the item"},
        {"--term", NULL, CLI_TEXT, &o.term, 0, 0, "TEXT", "everything in which this text occurs"},
        {"--from", NULL, CLI_U64, &o.from, 0, 0, "MS", "not older"},
        {"--to", NULL, CLI_U64, &o.to, 0, 0, "MS", "older"},
        {"-k", NULL, CLI_INT, &o.k, 1, 10000, "N", "find: at most so many (10)"},
        {"-f", NULL, CLI_TEXT, &o.file, 0, 0, "FILE", "add: text from a file; without text: stdin"},
        {"--all", NULL, CLI_FLAG, &o.all, 0, 0, NULL, "forget: everything"},
        {"--repair", NULL, CLI_FLAG, &o.repair, 0, 0, NULL, "give up what is broken in the store and go on"},
        {"--key-file", NULL, CLI_TEXT, &o.key_file, 0, 0, "FILE", "its key, 32 bytes; a new store is encrypted"},
        {"--passphrase-file", NULL, CLI_TEXT, &o.passphrase_file, 0, 0, "FILE", "the same with a passphrase, the first line"},
        {"--new-key-file", NULL, CLI_TEXT, &o.new_key_file, 0, 0, "FILE", "rekey: what opens it from now on"},
        {"--new-passphrase-file", NULL, CLI_TEXT, &o.new_passphrase_file, 0, 0, "FILE", "rekey: the same"},
        {"--tokens", "-n", CLI_INT, &o.tokens, 0, 16000, "N", "digest: at most so many (256)"},
        {"--model", "-m", CLI_TEXT, &o.model, 0, 0, "GGUF", "digest: counts the tokens; reembed, find: embeds"},
        {"--explain", NULL, CLI_FLAG, &o.explain, 0, 0, NULL, "find: rank and score in either list"},
        {"--stems", NULL, CLI_FLAG, &o.stems, 0, 0, NULL, "find: words match without light English suffixes, too"},
        {"--near", NULL, CLI_FLAG, &o.near_too, 0, 0, NULL, "find: large stores faster, nearly always the same answer"},
        {"--no-cache", NULL, CLI_FLAG, &o.no_cache, 0, 0, NULL, "do not read or write STORE-cache, which makes opening fast"},
        {"--json", NULL, CLI_FLAG, &o.json, 0, 0, NULL, "report as JSON"},
    };
    const cli_command command = {"memory", "STORE add|put|find|get|forget|compact|stats|export|import|rekey|"
                                 "facts|digest|dump|load|verify|reembed [TEXT|ID|FILE]",
                                 "add TEXT (put: the same, with --key): prints the id once it is on the device.\n"
                                 "find WORDS: the best by BM25; \"a phrase\" and pref* are known; with --model by meaning, too:\n"
                                 "the ranks of both lists are fused (sum of 1 / (60 + rank)). get ID, or get with\n"
                                 "filters: all of them. forget: erases all that matches, every version, from the file.\n"
                                 "export, import: everything as JSON lines, to and from a file or stdout and stdin.\n"
                                 "facts set TEXT --kind K --key KEY: a statement, merged with what is there: certainty,\n"
                                 "then time decides. facts get KEY: with its history. facts list.\n"
                                 "dump, load: the facts as text to edit; a line taken out is a fact forgotten.\n"
                                 "digest: what a model should know, best first, of --scope and of no scope.\n"
                                 "verify: walks everything; exit code 1 when something is wrong.\n"
                                 "reembed: vectors by another model, where the last run stopped.\n"
                                 "compact: the file shrinks to what lives. stats: exit code 1 when something is lost.\n"
                                 "Filters: --scope --source --tag --kind --term --from --to.",
                                 options, CLI_COUNT(options), 2, 4};
    int code = cli_parse(&command, argc, argv, words), verb = -1;
    if (code != CLI_GO) return code;
    for (size_t i = 0; i < CLI_COUNT(memory_words); i++)
        if (strcmp(words[1], memory_words[i]) == 0) verb = (int)i;
    if ((code = check_words(verb, &o, words)) != CLI_GO) return code;
    hearth_memory *m = NULL;
    bool read = verb == WORD_FIND || verb == WORD_GET || verb == WORD_STATS || verb == WORD_EXPORT || verb == WORD_DIGEST ||
                verb == WORD_DUMP || verb == WORD_VERIFY || (verb == WORD_FACTS && !facts_set(words[2]));
    if ((code = open_memory(words[0], &o, read, verb != WORD_STATS, &m)) != CLI_OK) return code;
    code = memory_word(verb, m, &o, words);
    hearth_memory_close(m);
    return code;
}
