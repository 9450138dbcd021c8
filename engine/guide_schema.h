/* guide_schema.h: what guide_norm.c and guide_schema.c share: a JSON Schema as alternatives, each of which is a
 * conjunction of parts. */
#ifndef HR_GUIDE_SCHEMA_H
#define HR_GUIDE_SCHEMA_H
#include "engine/guide.h"

enum { HR_SCHEMA_PARTS = 160, HR_SCHEMA_RULES = 8192, HR_SCHEMA_SETS = 1 << 16, HR_SCHEMA_BRANCHES = 4000, HR_SCHEMA_HOMES = 128,
       HR_SCHEMA_SCOPES = 16 };
enum {
    HR_TYPE_NULL = 1, HR_TYPE_FALSE = 2, HR_TYPE_TRUE = 4, HR_TYPE_INTEGER = 8, HR_TYPE_FRACTION = 16, HR_TYPE_STRING = 32,
    HR_TYPE_ARRAY = 64, HR_TYPE_OBJECT = 128, HR_TYPE_NUMBER = HR_TYPE_INTEGER | HR_TYPE_FRACTION, HR_TYPE_ALL = 255
};
/* Of a value or, as `sub`, of a member or element: the first four are what rules are numbered by. */
typedef enum {
    HR_PART_SCHEMA, HR_PART_NOT, HR_PART_CONST, HR_PART_NOT_CONST,
    HR_PART_ANY_OF, HR_PART_ONE_OF, HR_PART_IF, HR_PART_ENUM, HR_PART_DEPENDS, /* to be decided */
    HR_PART_WORDS,                                                   /* one of the enum's scalars */
    HR_PART_FORBID, HR_PART_REQUIRE, HR_PART_MEMBER, HR_PART_MIN_MEMBERS, HR_PART_MAX_MEMBERS,
    HR_PART_ITEM, HR_PART_ITEMS, HR_PART_CONTAINS, HR_PART_MIN_ITEMS, HR_PART_MAX_ITEMS,
    HR_PART_BREAKS                                                   /* a keyword of strings or numbers that does not hold */
} hr_part_kind;
typedef struct hr_schema_part {
    uint8_t kind, sub;
    bool done;
    uint32_t n;
    uint32_t scope; /* what it evaluates counts for these, bits of hr_schema_all.scopes */
    const hr_json_node *node;
    hr_str name;
} hr_schema_part;
typedef struct hr_schema_all {
    uint32_t types, n, scope, n_scopes;              /* scope: of what is added next */
    const hr_json_node *scopes[HR_SCHEMA_SCOPES];    /* schemas with unevaluatedProperties or unevaluatedItems */
    hr_schema_part part[HR_SCHEMA_PARTS];
} hr_schema_all;
typedef struct hr_schema_rule {
    uint32_t first, n, node, end; /* set: node * 4 + kind, ascending */
} hr_schema_rule;
typedef struct hr_schema_home { /* a resource: a schema with an $id of its own */
    uint32_t node;
    hr_str uri;
} hr_schema_home;
typedef struct hr_schema {
    hr_guide_build *b;
    const hr_json_node *nodes;
    uint32_t n_nodes, n_rules, n_set, branches;
    bool draft7;
    hr_schema_home *homes;            /* [0] the document */
    uint32_t n_homes;
    uint16_t *home;                   /* [n_nodes] its resource; 0x8000: a schema stands here */
    hr_schema_rule *rules, *now;
    uint32_t *set, *table;
    uint32_t space, letter;           /* rules: an optional space; a character of a string */
    char place[64];
} hr_schema;

HR_PRIVATE void hr_schema_fail(hr_schema *s, const hr_json_node *node, hr_status status, const char *what);
/* all alternatives of the rule at hand to hr_schema_emit */
HR_PRIVATE void hr_schema_expand(hr_schema *s, hr_schema_all *all);
HR_PRIVATE void hr_schema_emit(hr_schema *s, const hr_schema_all *all);
HR_PRIVATE void hr_schema_add(hr_schema *s, hr_schema_all *all, hr_schema_part part);
HR_PRIVATE bool hr_schema_word(hr_str key, const char *words); /* words: " a b c " */
HR_PRIVATE int hr_schema_draft(const hr_json_node *uri);
HR_PRIVATE void hr_schema_mark(hr_schema *s);
HR_PRIVATE const hr_json_node *hr_schema_target(hr_schema *s, const hr_json_node *ref);
HR_PRIVATE bool hr_schema_same(hr_str a, hr_str b);
HR_PRIVATE bool hr_schema_is(hr_str a, const char *text);
HR_PRIVATE uint32_t hr_schema_count(hr_schema *s, const hr_json_node *node); /* a count; large ones UINT32_MAX - 1 */
/* the rule of values that hold for all of a set [n]; sorts it */
HR_PRIVATE uint32_t hr_schema_rule_of(hr_schema *s, uint32_t *set, uint32_t n);
HR_PRIVATE void hr_schema_object(hr_schema *s, const hr_schema_all *all);
HR_PRIVATE void hr_schema_array(hr_schema *s, const hr_schema_all *all);
/* of the strings that all the parts allow; NULL and min, max when only their length matters */
HR_PRIVATE const hr_lang *hr_schema_string(hr_schema *s, const hr_schema_all *all, uint32_t *min, uint32_t *max);
#endif
