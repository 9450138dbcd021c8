/* json.h: a JSON document as a flat array of nodes. Strict (RFC 8259), except that NaN, Infinity and -Infinity are numbers,
 * as Python writes them. Hostile input gives a typed error with its place; depth is bounded; a node takes 40 bytes. */
#ifndef TOOLS_JSON_H
#define TOOLS_JSON_H
#include "engine/base/base.h"

enum { JSON_MAX_DEPTH = 64, JSON_MAX_BYTES = 1 << 30 };
typedef enum { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT } json_type;

typedef struct json_node {
    uint32_t span;  /* nodes it takes, itself included; what is in a container follows it directly */
    uint32_t count; /* members or elements */
    hr_str key;     /* of a member, decoded; data NULL elsewhere */
    hr_str text;    /* string: decoded; number: as written */
    uint8_t type;
} json_node;

typedef struct json_doc {
    char *data;     /* the text; strings are decoded in place */
    json_node *nodes;
    size_t n_nodes, cap_nodes;
    const char *name; /* for errors */
} json_doc;

/* Takes data over (malloc'ed, n bytes; freed by json_free, also after a failure). name must outlive the document. */
hr_status json_parse(json_doc *d, const char *name, char *data, size_t n, hr_error *err);
void json_free(json_doc *d); /* fine on a zeroed one */

/* Every function takes a NULL node as one that is not there. */
const json_node *json_root(const json_doc *d); /* NULL when nothing was parsed */
const json_node *json_get(const json_node *object, const char *key);            /* the last one of that name */
const json_node *json_get2(const json_node *object, const char *key, const char *inner);
const json_node *json_first(const json_node *container);                        /* NULL: empty */
const json_node *json_next(const json_node *container, const json_node *child); /* NULL: was the last */
bool json_is(const json_node *node, json_type type);
bool json_is_str(const json_node *node, const char *text);
/* false: absent, null, or not of that kind; *out is left alone */
bool json_int(const json_node *node, int64_t *out);
bool json_num(const json_node *node, double *out); /* finite */
bool json_bool(const json_node *node, bool *out);
bool json_str(const json_node *node, hr_str *out);
#endif
