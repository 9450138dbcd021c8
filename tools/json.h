/* json.h: a JSON document as a flat array of nodes. Strict (RFC 8259), except that NaN, Infinity and -Infinity are numbers,
 * as Python writes them. Hostile input gives a typed error with its place; depth is bounded; a node takes 40 bytes. */
#ifndef TOOLS_JSON_H
#define TOOLS_JSON_H
#include "engine/json.h"

enum { JSON_MAX_DEPTH = HR_JSON_MAX_DEPTH, JSON_MAX_BYTES = HR_JSON_MAX_BYTES };
#define JSON_NULL HR_JSON_NULL
#define JSON_FALSE HR_JSON_FALSE
#define JSON_TRUE HR_JSON_TRUE
#define JSON_NUMBER HR_JSON_NUMBER
#define JSON_STRING HR_JSON_STRING
#define JSON_ARRAY HR_JSON_ARRAY
#define JSON_OBJECT HR_JSON_OBJECT
typedef hr_json_type json_type;
typedef hr_json_node json_node;
typedef hr_json_doc json_doc;

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
