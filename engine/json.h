/* json.h: a JSON document as a flat array of nodes, in memory that the caller gives. Strict (RFC 8259); `lenient` reads
 * also NaN, Infinity, -Infinity and a byte order mark. Hostile input gives a typed error with its place; depth is
 * bounded. */
#ifndef HR_JSON_H
#define HR_JSON_H
#include "engine/base/base.h"

enum { HR_JSON_MAX_DEPTH = 64, HR_JSON_MAX_BYTES = 1 << 30 };
typedef enum {
    HR_JSON_NULL, HR_JSON_FALSE, HR_JSON_TRUE, HR_JSON_NUMBER, HR_JSON_STRING, HR_JSON_ARRAY, HR_JSON_OBJECT
} hr_json_type;

typedef struct hr_json_node {
    uint32_t span;  /* nodes it takes, itself included; what is in a container follows it directly */
    uint32_t count; /* members or elements */
    hr_str key;     /* of a member, decoded; data NULL elsewhere */
    hr_str text;    /* string: decoded; number: as written */
    uint8_t type;
} hr_json_node;

typedef struct hr_json_doc {
    char *data;          /* the text; strings are decoded in place */
    hr_json_node *nodes; /* [cap_nodes] the caller's; hr_json_count is enough */
    size_t n_nodes, cap_nodes;
    bool lenient;
} hr_json_doc;

HR_PRIVATE size_t hr_json_count(const char *text, size_t n); /* at least as many nodes as the text can hold */
/* data, nodes, cap_nodes and lenient are set; name must outlive the call */
HR_PRIVATE hr_status hr_json_parse(hr_json_doc *d, const char *name, size_t n, hr_error *err);

/* Every function takes a NULL node as one that is not there. */
HR_PRIVATE bool hr_json_is(const hr_json_node *node, hr_json_type type);
HR_PRIVATE const hr_json_node *hr_json_first(const hr_json_node *container); /* NULL: empty */
HR_PRIVATE const hr_json_node *hr_json_next(const hr_json_node *container, const hr_json_node *child); /* NULL: last */
HR_PRIVATE const hr_json_node *hr_json_get(const hr_json_node *object, const char *key); /* the last one of that name */
#endif
