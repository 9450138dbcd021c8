/* guide.h: guided generation inside the engine. A JSON Schema, regular expression, GBNF grammar or list of choices
 * becomes one net: a recursive transition network over bytes (rules that call each other, with counted repetition).
 * Running it is a set of stacks; only what can still be finished is ever entered, because every node knows the fewest
 * bytes to its end (cost 2^32-1: none, never entered). That number also closes a value within a token budget.
 *
 *   guide_lang.c    regular languages over code points as complete DFAs, their products, their way into a net
 *   guide_regex.c   the linear subset of ECMAScript expressions        guide_number.c  decimal constraints as languages
 *   guide_norm.c    a schema as a disjunction of conjunctions          guide_schema.c  their way into a net
 *   guide_gbnf.c    grammars        guide_net.c   nodes, edges, costs  guide_run.c     sets of stacks as lazy states
 *   guide_mask.c    a byte trie over the vocabulary, masks by state    guide.c         the public calls
 *
 * What text looks like (the normal form): members in the order in which the schema names them, then the free ones; one
 * optional space after ':' and ','; numbers in plain decimals without exponent, trailing zeros or "-0", of at most 15 digits
 * (more only as a const or enum says, or beside a large multipleOf); in strings only '"', '\' and control characters are
 * escaped, as shortly as JSON can. `format` is enforced. Names that the schema does not say may repeat in one object: each
 * of them holds for itself, so that whichever a reader keeps is valid. */
#ifndef HR_GUIDE_H
#define HR_GUIDE_H
#include "engine/base/base.h"
#include "engine/json.h"
#include "tokenizer/tokenizer.h"

#define HR_GUIDE_NEVER UINT32_MAX
enum {
    HR_GUIDE_ARENA = 24 << 20, HR_GUIDE_MAX_TEXT = 1 << 20, HR_GUIDE_MAX_NODES = 1 << 17, HR_GUIDE_MAX_EDGES = 1 << 18,
    HR_GUIDE_MAX_DEPTH = 400, HR_LANG_MAX = 4096, HR_GUIDE_MAX_STEPS = 5000000
};

typedef enum { HR_EDGE_BYTE, HR_EDGE_EPS, HR_EDGE_CALL, HR_EDGE_REP } hr_edge_kind;
typedef struct hr_net_edge {
    uint8_t kind, lo, hi;  /* BYTE: lo..hi */
    uint32_t next;         /* edge of the same node; 0: last */
    uint32_t to, rule;     /* node behind; CALL and REP: the node where the rule begins */
    uint32_t min, max;     /* REP; max UINT32_MAX: any number */
} hr_net_edge;
typedef struct hr_net_node {
    uint32_t edges;        /* first edge, 0: none */
    uint32_t cost;         /* fewest bytes to the end of its rule */
    uint16_t need;         /* frames that this way needs */
    bool end;              /* the rule may end here */
} hr_net_node;
typedef struct hr_net {
    hr_net_node *nodes;    /* [0] and edges[0] are unused */
    hr_net_edge *edges;
    uint32_t n_nodes, n_edges, start;
    uint32_t letter;       /* rule of one character of a JSON string, 0: none */
} hr_net;

/* While compiling; the first failure is sticky, everything called after it returns 0 or NULL. */
typedef struct hr_lang hr_lang;
typedef struct hr_guide_build {
    hr_arena arena;
    hr_net net;
    hr_error *err;
    hr_status status;
    uint32_t steps;
    const char *place;       /* JSON pointer or the like, for errors */
    uint32_t *pair, *hash;   /* work of products and subsets */
} hr_guide_build;
HR_PRIVATE void hr_guide_fail(hr_guide_build *b, hr_status status, const char *fmt, ...) HR_PRINTF(3, 4);
HR_PRIVATE bool hr_guide_step(hr_guide_build *b, uint32_t n); /* false: out of budget, or failed before */
HR_PRIVATE void *hr_guide_alloc(hr_guide_build *b, size_t count, size_t size);
#define HR_GUIDE_NEW(b, type, count) ((type *)hr_guide_alloc((b), (count), sizeof(type)))

/* --- net ------------------------------------------------------------------------------------------------- */
HR_PRIVATE bool hr_net_init(hr_guide_build *b);
HR_PRIVATE uint32_t hr_net_node_new(hr_guide_build *b);
HR_PRIVATE uint32_t hr_net_end(hr_guide_build *b);                       /* a node where a rule ends */
HR_PRIVATE void hr_net_byte(hr_guide_build *b, uint32_t from, uint8_t lo, uint8_t hi, uint32_t to);
HR_PRIVATE void hr_net_eps(hr_guide_build *b, uint32_t from, uint32_t to);
HR_PRIVATE void hr_net_call(hr_guide_build *b, uint32_t from, uint32_t rule, uint32_t to);
HR_PRIVATE void hr_net_rep(hr_guide_build *b, uint32_t from, uint32_t rule, uint32_t min, uint32_t max, uint32_t to);
HR_PRIVATE uint32_t hr_net_text(hr_guide_build *b, uint32_t from, const char *text, size_t n); /* the node behind */
/* code points lo..hi as UTF-8 */
HR_PRIVATE void hr_net_range(hr_guide_build *b, uint32_t from, uint32_t lo, uint32_t hi, uint32_t to);
/* costs of all nodes; `bytes`: 256 flags of the bytes that some token alone can write, or NULL: all */
HR_PRIVATE void hr_net_close(hr_guide_build *b, const uint8_t *bytes);

/* --- languages over code points --------------------------------------------------------------------------- */
struct hr_lang {
    uint32_t n_states, n_classes, start; /* state 0 is dead; every other one can still be accepted */
    uint32_t *cut;                       /* [n_classes] first code point of each class, ascending, cut[0] = 0 */
    uint16_t *next;                      /* [n_states][n_classes] */
    uint8_t *accept;                     /* [n_states] */
};
HR_PRIVATE const hr_lang *hr_lang_keep(hr_guide_build *b, size_t mark, const hr_lang *l);
typedef enum { HR_LANG_AND, HR_LANG_OR, HR_LANG_MINUS } hr_lang_op;
HR_PRIVATE hr_lang *hr_lang_new(hr_guide_build *b, uint32_t n_states, uint32_t n_classes);
HR_PRIVATE hr_lang *hr_lang_trim(hr_guide_build *b, hr_lang *l);
HR_PRIVATE const hr_lang *hr_lang_product(hr_guide_build *b, const hr_lang *x, const hr_lang *y, hr_lang_op op);
HR_PRIVATE const hr_lang *hr_lang_all(hr_guide_build *b);
HR_PRIVATE const hr_lang *hr_lang_length(hr_guide_build *b, uint32_t min, uint32_t max);
HR_PRIVATE const hr_lang *hr_lang_words(hr_guide_build *b, const hr_str *words, size_t n);
HR_PRIVATE bool hr_lang_has(const hr_lang *l, hr_str text);
HR_PRIVATE bool hr_lang_is_empty(const hr_lang *l);
/* what the language holds, then `to`; escaped: as the inside of a JSON string */
HR_PRIVATE void hr_lang_to_net(hr_guide_build *b, const hr_lang *l, bool escaped, uint32_t from, uint32_t to);
HR_PRIVATE uint32_t hr_lang_next_char(const char *text, size_t n, size_t *at); /* of valid UTF-8 */
HR_PRIVATE void hr_escaped_range(hr_guide_build *b, uint32_t from, uint32_t lo, uint32_t hi, uint32_t to);

/* whole: the expression must match all of a text, not a part of it */
HR_PRIVATE const hr_lang *hr_regex_lang(hr_guide_build *b, hr_str pattern, bool whole);

/* A decimal as its digits: (minus) digits with the point before digit `point`. */
enum { HR_DECIMAL_DIGITS = 400 };
typedef struct hr_decimal {
    bool minus;
    int n, point;                     /* no zeros in front of the integer digits or behind the fraction; 0: n == 0 */
    char digit[HR_DECIMAL_DIGITS];
} hr_decimal;
HR_PRIVATE bool hr_decimal_read(hr_str text, hr_decimal *d);
HR_PRIVATE size_t hr_decimal_text(const hr_decimal *d, char *out); /* normal form; out [HR_DECIMAL_DIGITS + 4] */
HR_PRIVATE const hr_lang *hr_number_lang(hr_guide_build *b, bool integer);
HR_PRIVATE const hr_lang *hr_number_digits(hr_guide_build *b);
/* numbers x with x >= d (strict: x > d), or with `below` x <= d (x < d) */
HR_PRIVATE const hr_lang *hr_number_bound(hr_guide_build *b, const hr_decimal *d, bool below, bool strict);
HR_PRIVATE const hr_lang *hr_number_multiple(hr_guide_build *b, const hr_decimal *d);

/* --- compilers: text to net.start ----------------------------------------------------------------------------- */
HR_PRIVATE void hr_guide_schema(hr_guide_build *b, hr_str text);
HR_PRIVATE void hr_guide_regex(hr_guide_build *b, hr_str text);
HR_PRIVATE void hr_guide_gbnf(hr_guide_build *b, hr_str text);
HR_PRIVATE void hr_guide_choice(hr_guide_build *b, hr_str text);

/* --- running ------------------------------------------------------------------------------------------------ */
enum {
    HR_RUN_STATES = 4096, HR_RUN_FRAMES = 1 << 16, HR_RUN_CONFIGS = 1 << 16, HR_RUN_WIDTH = 256, HR_RUN_MASKS = 64,
    HR_RUN_STEPS = 1 << 25 /* for one mask or token: a tenth of a second */
};
typedef struct hr_run_frame {
    uint32_t edge, count, parent, cost, depth; /* cost: fewest bytes behind the called rule */
} hr_run_frame;
typedef struct hr_run_config {
    uint32_t node, frame;
} hr_run_config;
typedef struct hr_run_state {
    uint32_t first, n;     /* in configs */
    uint32_t cost;         /* fewest bytes to the end of the text */
    int32_t mask;          /* cached mask, -1: none */
    bool accepts;
} hr_run_state;
/* A guide at work: states are made when first met; when the room is used up all but the one at hand are forgotten. */
typedef struct hr_run {
    const hr_net *net;
    hr_run_frame *frames;       /* [HR_RUN_FRAMES] 0: none */
    hr_run_config *configs;     /* [HR_RUN_CONFIGS] */
    hr_run_state *states;       /* [HR_RUN_STATES] 0: dead */
    uint64_t *allow;            /* [HR_RUN_STATES][4] bytes that may lead somewhere */
    uint8_t *loops;             /* [HR_RUN_STATES] any characters of a string lead back: 0 not known, 1 yes, 2 no */
    uint16_t *moves;            /* [HR_RUN_STATES][256] state + 1; 0: not known */
    uint32_t *frame_hash, *state_hash; /* [2 * HR_RUN_FRAMES], [2 * HR_RUN_STATES] */
    hr_run_config *work, *set;  /* closure */
    uint32_t n_frames, n_configs, n_states, n_set, now, epoch, steps;
    bool accepts, too_wide, is_full;
} hr_run;
HR_PRIVATE void hr_run_lay(hr_run *r, hr_arena *arena);
HR_PRIVATE bool hr_run_begin(hr_run *r, const hr_net *net); /* false: nothing can be written */
/* the state behind a byte, 0: not allowed; r->is_full: no room, call hr_run_forget and ask again */
HR_PRIVATE uint32_t hr_run_move(hr_run *r, uint32_t state, uint8_t byte);
HR_PRIVATE uint32_t hr_run_forget(hr_run *r, uint32_t keep); /* its new number */
/* how many characters of a JSON string (quote, backslash and controls aside) may follow in any mixture; 0: ask byte by byte.
 * *cost: bytes to write behind any of them; *least: those are needed, else fewer may be left behind some */
HR_PRIVATE uint32_t hr_run_letters(hr_run *r, uint32_t state, uint32_t *cost, bool *least);
HR_PRIVATE uint32_t hr_run_mask_state(hr_run *r, uint32_t state, uint32_t longest);

/* --- vocabulary and masks --------------------------------------------------------------------------------------- */
typedef struct hr_trie_node {
    uint32_t order;        /* tokens in front of it */
    uint32_t skip;         /* index behind its subtree */
    uint16_t depth;        /* from 1 */
    uint8_t byte;
} hr_trie_node;
enum { HR_TRIE_LETTERS = 16 };
typedef struct hr_trie_part {
    hr_trie_node *nodes;   /* depth first, and one behind them */
    int32_t *tokens;       /* in the order of the nodes */
    uint32_t n_nodes, n_tokens, first[257]; /* nodes of depth 1 by their byte */
} hr_trie_part;
typedef struct hr_trie {
    hr_trie_part plain, rest; /* plain: tokens of whole characters other than '"', '\\' and controls */
    uint32_t *letters;     /* [HR_TRIE_LETTERS + 1][words] plain tokens of at most i characters; [0]: all of them */
    int32_t *more;         /* [n_more] plain tokens of more characters, then [n_more] how many */
    uint32_t n_vocab, longest, n_more;
    uint8_t single[256];   /* a token has just this byte */
    size_t bytes;
    void *memory;
} hr_trie;
HR_PRIVATE hr_status hr_trie_build(const hr_tok *t, const hr_allocator *a, hr_trie *trie, hr_error *err);
HR_PRIVATE void hr_trie_free(hr_trie *trie, const hr_allocator *a);

typedef struct hr_mask {
    uint32_t *bits;        /* [words] allowed tokens */
    uint32_t most;         /* largest cost behind any of them */
    uint32_t state, epoch, used;
} hr_mask;
typedef struct hr_guide {
    hr_allocator allocator;
    void *memory;
    size_t bytes;
    hr_net net;
    const hr_tok *tok;
    const hr_trie *trie;
    hr_run run;
    hr_mask masks[HR_RUN_MASKS];
    uint32_t *tight;       /* mask under a budget, or with end tokens */
    uint32_t *path;        /* [longest + 2] states of a walk */
    char *piece;           /* [hr_tok_max_piece + 8] bytes of a token */
    int32_t *ends;         /* [n_ends] tokens that end a text */
    uint32_t n_ends;
    uint32_t words, clock;
    uint32_t least;        /* bytes of the shortest text */
} hr_guide;
HR_PRIVATE hr_status hr_guide_begin(hr_guide *g, size_t tokens, hr_error *err); /* tokens: room for the text */
/* Tokens that may come next when `tokens` are left, those that end the text included. NULL: nothing may follow, the
 * text is complete. The mask is valid until the next call. */
HR_PRIVATE hr_status hr_guide_mask(hr_guide *g, size_t tokens, const uint32_t **mask, hr_error *err);
HR_PRIVATE hr_status hr_guide_take(hr_guide *g, int32_t token, hr_error *err);
HR_PRIVATE bool hr_guide_may_end(const hr_guide *g);
/* model's tokenizer, or NULL: compiles only, and *out stays NULL */
HR_PRIVATE hr_status hr_guide_make(const hr_tok *tok, const hr_trie *trie, const hr_allocator *a, int kind, hr_str text,
                                   hr_guide **out, hr_error *err);
HR_PRIVATE void hr_guide_free(hr_guide *g);
#if defined(HR_NO_GUIDE) /* the drop without guide*.c: none can be made, so none is ever given */
hr_status hr_guide_begin(hr_guide *g, size_t tokens, hr_error *err) {
    (void)g, (void)tokens;
    return hr_fail(err, HR_E_UNSUPPORTED, HR_NO_OFFSET, "guide", "built without guides (HR_NO_GUIDE)");
}
hr_status hr_guide_mask(hr_guide *g, size_t tokens, const uint32_t **mask, hr_error *err) {
    *mask = NULL;
    return hr_guide_begin(g, tokens, err);
}
hr_status hr_guide_take(hr_guide *g, int32_t token, hr_error *err) { return hr_guide_begin(g, (size_t)token, err); }
void hr_trie_free(hr_trie *trie, const hr_allocator *a) { (void)trie, (void)a; }
#endif
#endif
