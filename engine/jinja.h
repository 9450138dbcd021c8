/* jinja.h: the part of Jinja that chat templates use, bounded. Data access only; whatever it does not know is a typed
 * error with line and column, never another rendering. As the reference renders: trim_blocks and lstrip_blocks on, one
 * newline at the end of the source dropped, undefined prints as nothing, containers of the caller are immutable.
 * Every byte of a string carries a mark: 1 when it came from the caller's data, and the mark follows it through filters.
 *
 *   jinja_parse.c  source to tree   jinja_value.c  strings, lists, dicts, as text and JSON
 *   jinja_eval.c   statements, expressions   jinja_call.c  filters, tests, methods, functions */
#ifndef HR_JINJA_H
#define HR_JINJA_H
#include "engine/base/base.h"
#include "engine/json.h"

enum {
    HR_JINJA_MAX_SOURCE = 1 << 20, HR_JINJA_MAX_DEPTH = 120, HR_JINJA_STEPS = 4000000, HR_JINJA_MAX_ARGS = 16
};

typedef enum {
    HR_JV_UNDEFINED, HR_JV_NONE, HR_JV_BOOL, HR_JV_INT, HR_JV_FLOAT, HR_JV_STRING, HR_JV_LIST, HR_JV_DICT,
    HR_JV_NAMESPACE, HR_JV_MACRO, HR_JV_FUNCTION
} hr_jv_type;
typedef struct hr_jlist hr_jlist;
typedef struct hr_jdict hr_jdict;
typedef struct hr_jnode hr_jnode;
typedef struct hr_jv {
    uint8_t type;
    uint8_t tuple;        /* a list that prints as a tuple */
    uint32_t n;           /* string: bytes; undefined: bytes of its name */
    union {
        int64_t i;        /* int, bool, function */
        double f;
        const char *s;    /* string, name of an undefined */
        hr_jlist *list;
        hr_jdict *dict;   /* dict, namespace */
        const hr_jnode *macro;
    } u;
    const uint8_t *mark;  /* string: [n], or NULL: all of the template */
} hr_jv;
struct hr_jlist { hr_jv *items; uint32_t n, cap; };
typedef struct hr_jpair { hr_jv key, value; } hr_jpair;
struct hr_jdict { hr_jpair *items; uint32_t n, cap; };

typedef enum {
    HR_JN_LITERAL, HR_JN_NAME, HR_JN_LIST, HR_JN_TUPLE, HR_JN_DICT, HR_JN_AND, HR_JN_OR, HR_JN_NOT, HR_JN_NEGATE, HR_JN_BINARY,
    HR_JN_COMPARE, HR_JN_IF_ELSE, HR_JN_ATTRIBUTE, HR_JN_INDEX, HR_JN_SLICE, HR_JN_CALL, HR_JN_FILTER, HR_JN_TEST,
    HR_JN_KEYWORD, /* keyword argument: text, a */
    HR_JN_TEXT, HR_JN_PRINT, HR_JN_SET, HR_JN_SET_BLOCK, HR_JN_IF, HR_JN_FOR, HR_JN_MACRO, HR_JN_FILTER_BLOCK, HR_JN_BLOCK,
    HR_JN_BREAK, HR_JN_CONTINUE
} hr_jkind;
/* One shape for all nodes. Lists hang on `next`. FOR: a target, b iterable, c body, d else, e condition. IF: a condition,
 * c body, d else. MACRO: a parameters (NAME, default in a), c body. CALL, FILTER, TEST: a subject, b arguments. */
struct hr_jnode {
    uint8_t kind, op;
    uint32_t at;          /* place in the source */
    hr_str text;
    hr_jv value;
    hr_jnode *a, *b, *c, *d, *e, *next;
};
typedef struct hr_jinja {
    hr_str source;
    hr_jnode *body;
} hr_jinja;

typedef struct hr_jvar {
    hr_str name;
    hr_jv value;
    struct hr_jvar *next;
} hr_jvar;
typedef struct hr_jframe {
    hr_jvar *vars;
    struct hr_jframe *parent;
} hr_jframe;
typedef struct hr_jout { /* text with its marks; grows in the arena */
    char *text;
    uint8_t *mark;
    size_t n, cap;
} hr_jout;

/* What a rendering needs. The first failure is sticky. */
typedef struct hr_jrun {
    hr_arena *arena;
    const hr_jinja *source;
    hr_error *err;
    hr_status status;
    uint64_t steps;       /* left */
    size_t max_out;       /* bytes of one text */
    int64_t now;          /* seconds since 1970 in the user's zone; for strftime_now */
    bool has_now;
    uint32_t depth, at;
    uint8_t jump;         /* HR_JN_BREAK, HR_JN_CONTINUE, 0 */
    hr_jframe *frame, *globals;
    hr_jout *out;
} hr_jrun;

/* source must be valid UTF-8 and outlive the tree. Errors: HR_E_FORMAT, HR_E_UNSUPPORTED, HR_E_LIMIT, HR_E_MEMORY */
HR_PRIVATE hr_status hr_jinja_parse(hr_arena *arena, hr_str source, hr_jinja *out, hr_error *err);
/* Renders with the variables of `globals` (a dict). r: arena, now and has_now set, all else zero; steps and max_out 0
 * take the defaults. Errors as above, and HR_E_ARG where the template itself raises (what: its words). */
HR_PRIVATE hr_status hr_jinja_render(hr_jrun *r, const hr_jinja *t, hr_jv globals, hr_jout *out, hr_error *err);

/* --- for the caller: values --------------------------------------------------------------------------------------- */
HR_PRIVATE hr_jv hr_jv_text(const char *text, size_t n);
HR_PRIVATE hr_jv hr_jv_literal(const char *text);
HR_PRIVATE hr_jv hr_jv_bool(bool b);
HR_PRIVATE hr_jv hr_jv_int(int64_t i);
HR_PRIVATE hr_jv hr_jv_none(void);
HR_PRIVATE hr_jv hr_jv_marked(hr_jrun *r, hr_str text); /* from the caller's data */
HR_PRIVATE hr_jv hr_jv_list(hr_jrun *r);
HR_PRIVATE hr_jv hr_jv_dict(hr_jrun *r);
HR_PRIVATE void hr_jv_push(hr_jrun *r, hr_jv list, hr_jv item);
HR_PRIVATE void hr_jv_put(hr_jrun *r, hr_jv dict, hr_jv key, hr_jv value);
HR_PRIVATE hr_jv hr_jv_json(hr_jrun *r, const hr_json_node *node, bool marked);

/* --- between the files of the interpreter --------------------------------------------------------------------------- */
HR_PRIVATE hr_jv hr_jfail(hr_jrun *r, hr_status status, const char *fmt, ...) HR_PRINTF(3, 4); /* undefined */
HR_PRIVATE void hr_jinja_place(hr_str source, size_t at, char where[64]);
HR_PRIVATE bool hr_jstep(hr_jrun *r, uint64_t n);
HR_PRIVATE void *hr_jalloc(hr_jrun *r, size_t count, size_t size);
HR_PRIVATE void hr_jout_add(hr_jrun *r, hr_jout *o, const char *s, size_t n, const uint8_t *mark);
HR_PRIVATE void hr_jout_word(hr_jrun *r, hr_jout *o, const char *s);
HR_PRIVATE hr_jv hr_jout_value(const hr_jout *o);
HR_PRIVATE void hr_jv_print(hr_jrun *r, hr_jout *o, hr_jv v, bool repr);
HR_PRIVATE hr_jv hr_jv_string(hr_jrun *r, hr_jv v);
HR_PRIVATE void hr_jv_tojson(hr_jrun *r, hr_jout *o, hr_jv v, int indent, int level, bool sort);
HR_PRIVATE bool hr_jv_true(hr_jv v);
HR_PRIVATE bool hr_jv_equal(hr_jrun *r, hr_jv a, hr_jv b);
HR_PRIVATE int hr_jv_order(hr_jrun *r, hr_jv a, hr_jv b); /* fails on values without an order */
HR_PRIVATE bool hr_jv_in(hr_jrun *r, hr_jv item, hr_jv container);
HR_PRIVATE bool hr_jv_find(hr_jrun *r, hr_jv dict, hr_jv key, hr_jv *out);
HR_PRIVATE bool hr_jv_is(hr_jv v, const char *text);
HR_PRIVATE hr_jv hr_jv_part(hr_jv s, size_t from, size_t to); /* bytes */
HR_PRIVATE int64_t hr_jv_length(hr_jrun *r, hr_jv v);         /* fails on values without a length */
HR_PRIVATE hr_jv hr_jv_items(hr_jrun *r, hr_jv v);            /* as a list: characters, keys, elements */
HR_PRIVATE size_t hr_jchar(hr_jv s, size_t at);               /* bytes of the character at a place */
HR_PRIVATE bool hr_jspace(const char *s, size_t n);           /* str.isspace of one character */
HR_PRIVATE bool hr_jnumber(hr_str text, hr_jv *out);          /* false: cannot be held exactly */

typedef struct hr_jargs {
    hr_jv pos[HR_JINJA_MAX_ARGS];
    hr_str name[HR_JINJA_MAX_ARGS]; /* data NULL: by place */
    uint32_t n;
} hr_jargs;
HR_PRIVATE hr_jv hr_jeval(hr_jrun *r, const hr_jnode *n);
HR_PRIVATE bool hr_jargs_eval(hr_jrun *r, const hr_jnode *list, hr_jargs *out);
HR_PRIVATE hr_jv hr_jget(hr_jrun *r, hr_jv subject, hr_jv key);
HR_PRIVATE hr_jv hr_jfilter(hr_jrun *r, hr_str name, hr_jv v, const hr_jargs *a);
HR_PRIVATE bool hr_jtest(hr_jrun *r, hr_str name, hr_jv v, const hr_jargs *a);
HR_PRIVATE hr_jv hr_jmethod(hr_jrun *r, hr_jv subject, hr_str name, const hr_jargs *a);
HR_PRIVATE hr_jv hr_jfunction(hr_jrun *r, int64_t which, const hr_jargs *a);
HR_PRIVATE bool hr_jfunction_find(hr_str name, hr_jv *out);
#endif
