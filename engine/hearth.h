/* hearth.h: private, personal language models on the device. The whole public surface of the model plane.
 *
 * Lives in two files: hearth.h and hearth.c. Needs libc and pthreads, nothing else.
 *
 *     hearth_model *model;  hearth_session *session;  hearth_error err;
 *     if (hearth_model_open("model.gguf", NULL, &model, &err) != HEARTH_OK) return fail(&err);
 *     if (hearth_session_open(model, NULL, &session, &err) != HEARTH_OK) return fail(&err);
 *     hearth_generate(session, "Once upon a time", 16, NULL, on_text, NULL, NULL, &err);
 *
 * Conventions. Every fallible call returns hearth_status: HEARTH_OK (0) or a negative code; outputs are defined on failure
 * (NULL or 0) and the object is as before the call unless the call says otherwise. `err` may be NULL. Text is UTF-8 given as
 * pointer and byte length. Config structs start with struct_bytes: write `hearth_x_config c = HEARTH_X_CONFIG_INIT;`, set what
 * you need; NULL means all defaults. A model is immutable and may be used from any number of threads; a session has one
 * caller at a time. After open nothing but hearth_tokenize and hearth_detokenize allocates. The library never prints, exits,
 * aborts or reads the environment.
 *
 * One answer: the same file, prompt and seed give the same bits on every machine, thread count and prompt split. */
#ifndef HEARTH_H
#define HEARTH_H

#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif
#define HEARTH_VERSION "0.1.0"
#ifndef HEARTH_API
#define HEARTH_API
#endif
HEARTH_API const char *hearth_version(void); /* of the compiled library; equals HEARTH_VERSION of its header */

/* --- status and error ------------------------------------------------------------------------------------------------------ */
typedef int hearth_status;
enum {
    HEARTH_OK = 0,
    HEARTH_E_ARG = -1,         /* an argument is out of range or NULL */
    HEARTH_E_MEMORY = -2,      /* an allocation failed, or the budget is too small */
    HEARTH_E_IO = -3,          /* the file cannot be opened, read or mapped, or changed under us */
    HEARTH_E_FORMAT = -4,      /* the bytes are not a well-formed model file */
    HEARTH_E_UNSUPPORTED = -5, /* well-formed, but an architecture, tensor type or feature that Hearth does not run */
    HEARTH_E_LIMIT = -6,       /* a count or size above a fixed limit */
    HEARTH_E_FULL = -7,        /* no room: the context, or the caller's buffer (the needed count is still given) */
    HEARTH_E_CANCELLED = -8,   /* hearth_cancel was called, or the callback asked to stop */
    HEARTH_E_NUMERIC = -9,     /* the model produced a value that is not finite */
    HEARTH_E_SELFCHECK = -10,  /* a kernel miscomputes on this chip and no other can replace it */
    HEARTH_E_BUSY = -11,       /* in use by another caller */
    HEARTH_E_STATE = -12,      /* the call does not fit the object's state */
    HEARTH_E_KEY = -13,        /* an encrypted store without its key, with a wrong one, or a key for a plain store */
    HEARTH_E_DENIED = -14      /* the policy does not allow it */
};
#define HEARTH_NO_OFFSET UINT64_MAX
typedef struct hearth_error {
    int status; uint64_t offset; /* hearth_status; byte in the file, or HEARTH_NO_OFFSET */
    char where[64];   /* the field: a metadata key, a tensor name, an argument */
    char what[176];   /* one sentence with the numbers and what to do next; printable ASCII */
} hearth_error;
HEARTH_API const char *hearth_status_name(hearth_status status); /* short English name; never NULL */

/* --- what the host may supply ---------------------------------------------------------------------------------------------- */
/* alloc gives `size` bytes aligned to `align` (a power of two) or NULL; free gets back what alloc gave, with its size. */
typedef struct hearth_allocator {
    void *(*alloc)(void *ctx, size_t size, size_t align); void (*free)(void *ctx, void *ptr, size_t size); void *ctx;
} hearth_allocator;
/* Calls task(arg, i, count) once for each i in [0, count), on any threads in any order, and returns when all are done. */
typedef void hearth_task(void *arg, int index, int count);
typedef void hearth_parallel(void *ctx, int count, hearth_task *task, void *arg);
/* Long work reports: done of total (bytes or tokens). Return non-zero to stop: the call gives HEARTH_E_CANCELLED. */
typedef int hearth_progress(void *ctx, uint64_t done, uint64_t total);
/* Instruction sets, to take kernels away (tests, bug hunts). Bits the machine lacks are ignored. */
#define HEARTH_ISA_SCALAR 0u
#define HEARTH_ISA_ALL 0x7fffffffu
/* "scalar", "all", or names joined by commas ("avx2"); HEARTH_E_ARG names an unknown word. */
HEARTH_API hearth_status hearth_isa_parse(const char *list, uint32_t *bits, hearth_error *err);

/* --- model ----------------------------------------------------------------------------------------------------------------- */
typedef struct hearth_model hearth_model;
enum { /* hearth_model_config.flags */
    HEARTH_MODEL_NO_MMAP = 1 << 0,      /* read the file in windows instead of mapping it */
    HEARTH_MODEL_NO_SELFCHECK = 1 << 1, /* skip the check of the chosen kernels (milliseconds) */
    HEARTH_MODEL_GUARD = 1 << 2,        /* turn SIGBUS from a file cut short under its mapping into HEARTH_E_IO while
                                           opening and computing; installs the only signal handler Hearth knows */
    HEARTH_MODEL_VOCAB_ONLY = 1 << 3,   /* tokenizer and metadata only: no tensors needed, no session can be opened */
    HEARTH_MODEL_FAST = 1 << 4          /* tokens fed 32 or more in one call are multiplied with weights requantized to
                                           8 bits with one scale for 256: faster, the logits differ slightly. The same
                                           calls give the same bits everywhere; other tokens are computed exactly */
};
typedef struct hearth_model_config {
    size_t struct_bytes; uint32_t flags; uint32_t isa; /* mask of instruction sets; HEARTH_ISA_ALL */
    int threads;                        /* used by the sessions of this model; 0: as many as there are cores */
    size_t budget_bytes;                /* hard limit on memory for this model; 0: none. Too small is HEARTH_E_MEMORY */
    void *memory; size_t memory_bytes; /* the caller's buffer for everything, or NULL */
    const hearth_allocator *allocator;  /* when memory is NULL; NULL: libc. Called at open, close, and for a text call's
                                           scratch */
    hearth_parallel *parallel; void *parallel_ctx; /* the host's parallel-for, or NULL: Hearth starts threads-1 workers */
    hearth_progress *progress; void *progress_ctx; /* while loading, in bytes; may be NULL */
} hearth_model_config;
#define HEARTH_MODEL_CONFIG_INIT {sizeof(hearth_model_config), 0, HEARTH_ISA_ALL, 0, 0, NULL, 0, NULL, NULL, NULL, NULL, NULL}
/* Exact bytes, known beforehand. */
typedef struct hearth_plan {
    uint64_t file_bytes;      /* the model file(s) */
    uint64_t mapped_bytes;    /* clean, file-backed pages that may be touched; 0 when nothing is mapped */
    uint64_t total_bytes;     /* what open asks of the allocator or of the caller's buffer: the sum of those below */
    uint64_t index_bytes; /* metadata and tensor index */   uint64_t tokenizer_bytes;
    uint64_t weight_bytes; /* packed or copied tensors */   uint64_t kv_bytes; /* session: key/value cache */
    uint64_t work_bytes;      /* session: activations, logits, sampling; model: threads */
} hearth_plan;
/* What hearth_model_open will take, exactly, for the same path and config; opens nothing that stays open.
 * Cost    reads the header     Memory  temporarily at most 4 MiB + twice the header
 * Returns HEARTH_OK, or what open would return for a file that is refused */
HEARTH_API hearth_status hearth_model_plan(const char *path, const hearth_model_config *config, hearth_plan *plan,
        hearth_error *err);
/* Opens a GGUF file (version 2 or 3; of a split model, the first part). Checks everything that is read later.
 *   model    receives the model; close with hearth_model_close after all its sessions
 * Cost     the header, and one pass over tensors that are packed for this machine's kernels
 * Memory   plan.total_bytes from config, in one piece; the mapping besides
 * Threads  any
 * Returns  HEARTH_OK | _IO | _FORMAT with field and offset | _UNSUPPORTED naming architecture, tensor or type | _MEMORY | _LIMIT
 * | _CANCELLED by progress | _SELFCHECK | _ARG.   On error nothing stays open or allocated */
HEARTH_API hearth_status hearth_model_open(const char *path, const hearth_model_config *config, hearth_model **model,
        hearth_error *err);
/* The same from memory: `data` (8-byte aligned or not) must stay valid and unchanged until close. plan likewise. */
HEARTH_API hearth_status hearth_model_open_memory(const void *data, size_t size, const hearth_model_config *config,
        hearth_model **model, hearth_error *err);
HEARTH_API hearth_status hearth_model_plan_memory(const void *data, size_t size, const hearth_model_config *config,
        hearth_plan *plan, hearth_error *err);
HEARTH_API void hearth_model_close(hearth_model *model); /* NULL is fine */
typedef struct hearth_model_info {
    const char *architecture; /* "llama"; valid until close, as all text here */   const char *name; /* general.name, or "" */
    const char *tokenizer;      /* "llama/default", "gpt2/llama-bpe", "bert/..." */
    int n_vocab, n_ctx_train, n_embd, n_layer, n_head, n_head_kv, n_expert, bos, eos; /* bos, eos: -1 when there is none */
    int is_encoder; /* an embedding model: hearth_embed works, hearth_generate does not */   int threads; /* in use */
    uint64_t n_params, file_bytes;
    uint64_t pass_bytes, pass_macs; /* bytes of weights read, and multiply-adds with them, for one token with its logits */
    const char *isa; /* instruction set of the chosen kernels: "avx2" */   int n_bad_kernels; /* passed over by the self-check */
} hearth_model_info;
HEARTH_API void hearth_model_get_info(const hearth_model *model, hearth_model_info *info);
/* One metadata value as text (arrays cut short), NUL-terminated. HEARTH_E_ARG: no such key; HEARTH_E_FULL: cut to cap. */
HEARTH_API hearth_status hearth_model_meta(const hearth_model *model, const char *key, char *out, size_t cap);

/* --- text and tokens ------------------------------------------------------------------------------------------------------- */
enum {
    HEARTH_TOK_SPECIAL = 1 << 0, /* encode: add BOS/EOS (or CLS/SEP) as the model wants */
    HEARTH_TOK_PARSE = 1 << 1,   /* encode: text such as "<|eot_id|>" becomes the control token; off for user input */
    HEARTH_TOK_SHOW = 1 << 2     /* decode: control tokens are written out instead of left away */
};
/* Text to ids.   tokens [cap]   *n  ids written, or needed when HEARTH_E_FULL (none are then valid)
 * Memory   takes scratch of a few times n_text from the model's allocator for the call, and gives it back
 * Threads  any     Source  the tokenizer.ggml.* keys; equal to the vendor's tokenizer */
HEARTH_API hearth_status hearth_tokenize(const hearth_model *model, const char *text, size_t n_text, uint32_t flags,
        int32_t *tokens, size_t cap, size_t *n, hearth_error *err);
/* Ids to text; scratch as above when the vocabulary has tokens of more than 256 bytes.
 *   out [cap] bytes, not NUL-terminated   *n  bytes written, or needed when HEARTH_E_FULL */
HEARTH_API hearth_status hearth_detokenize(const hearth_model *model, const int32_t *tokens, size_t n_tokens, uint32_t flags,
        char *out, size_t cap, size_t *n, hearth_error *err);
/* The token as its vocabulary spells it; not NUL-terminated; valid until close. NULL when out of range. */
HEARTH_API const char *hearth_token_text(const hearth_model *model, int32_t token, size_t *n);
HEARTH_API int hearth_token_ends(const hearth_model *model, int32_t token); /* 1: one of the end-of-generation tokens */

/* --- session --------------------------------------------------------------------------------------------------------------- */
typedef struct hearth_session hearth_session;
/* Q4: 4 bits, keys and values turned by a Hadamard matrix first. A model with sliding windows keeps what they see. */
enum { HEARTH_KV_F32 = 0, HEARTH_KV_I8 = 1, HEARTH_KV_F16 = 2, HEARTH_KV_Q4 = 3 };
typedef struct hearth_session_config {
    size_t struct_bytes; int ctx_tokens; /* context; 0: what the model was trained with, at most 4096 */
    int batch_tokens;                   /* tokens computed together; 0: 128, FAST 512. Changes speed and memory, never results */
    int kv_type; /* HEARTH_KV_* */   int logits_rows; /* largest number of logits rows asked for in one call; 0: 1 */
    size_t budget_bytes; void *memory; size_t memory_bytes; const hearth_allocator *allocator; /* as in hearth_model_config */
} hearth_session_config;
#define HEARTH_SESSION_CONFIG_INIT {sizeof(hearth_session_config), 0, 0, HEARTH_KV_F32, 0, 0, NULL, 0, NULL}
HEARTH_API hearth_status hearth_session_plan(const hearth_model *model, const hearth_session_config *config, hearth_plan *plan,
        hearth_error *err);
/* Memory   plan.total_bytes, in one piece.  Threads  sessions of one model may run at the same time
 * Returns  HEARTH_OK | _ARG | _MEMORY | _STATE for a vocabulary-only model */
HEARTH_API hearth_status hearth_session_open(hearth_model *model, const hearth_session_config *config, hearth_session **session,
        hearth_error *err);
HEARTH_API void hearth_session_close(hearth_session *session); /* NULL is fine */
/* Feeds n tokens after those already in the context, and computes logits for the last `rows` of them.
 *   tokens [n]  ids in [0, n_vocab)        rows  0 ... min(n, logits_rows)
 * Cost     one pass over the weights per batch_tokens      Memory  allocates nothing     Threads  one caller per session
 * Returns  HEARTH_OK | _ARG a token is not in the vocabulary | _FULL context, with the numbers | _CANCELLED | _NUMERIC | _IO. On
 * error the context is what it was before the call */
HEARTH_API hearth_status hearth_feed(hearth_session *session, const int32_t *tokens, size_t n, size_t rows, hearth_error *err);
/* The next token of each of n sessions of one model in one pass over the weights, with one row of logits for each (row 0 of its
 * hearth_logits): what n users together cost little more than one for. Each result is that of the session alone, bit for bit;
 * sessions may join and leave between calls.
 *   sessions [n]  all different, with the same kv_type; the first lends its work area: its batch_tokens and logits_rows must be
 *      at least n       tokens [n]
 * Memory   allocates nothing     Threads  one caller for all n; hearth_cancel on the first stops all
 * Returns  as hearth_feed. On error every context is what it was before the call */
HEARTH_API hearth_status hearth_feed_together(hearth_session *const *sessions, const int32_t *tokens, size_t n,
        hearth_error *err);
/* Row `row` (0 = first asked for) of the last feed: [n_vocab], natural-log units, not normalised. Valid until the next feed or
 * embed. NULL when there is no such row. */
HEARTH_API const float *hearth_logits(const hearth_session *session, size_t row);
HEARTH_API int hearth_position(const hearth_session *session);      /* tokens in the context */
HEARTH_API int hearth_context(const hearth_session *session);       /* room for so many */
/* Keeps the first `position` tokens and forgets the rest; 0 empties the context. HEARTH_E_ARG when beyond the end, HEARTH_E_STATE
 * when a sliding window no longer holds what that position sees: batch_tokens back from the furthest that was fed is always
 * possible. On error nothing has changed. */
HEARTH_API hearth_status hearth_rewind(hearth_session *session, int position);
/* From any thread: the running call returns HEARTH_E_CANCELLED within 10 ms; sticks until the next call begins after
 * hearth_cancel_clear. Safe in a signal handler. */
HEARTH_API void hearth_cancel(hearth_session *session);
HEARTH_API void hearth_cancel_clear(hearth_session *session);
/* A session's context as bytes: its tokens and their cache, bound to the model, the kind of cache and the owner (any bytes; a
 * secret makes them proof against changes), not encrypted. hearth_session_save gives them in pieces; non-zero from write stops.
 * Restoring empties the context first, and gives the bits that feeding the tokens would give. What was damaged, or made by
 * another model with the same tokenizer, is computed again from the tokens, and *how says why. The logits are not in it:
 * generate goes on as ever, other callers feed the last token again.   Cost  once a model: a look at all its weights
 * Returns  HEARTH_OK | _DENIED another owner's | _FORMAT too damaged | _STATE another tokenizer: feed the text again | _FULL */
enum { HEARTH_RESTORED = 0, HEARTH_REPLAYED_DAMAGE, HEARTH_REPLAYED_MODEL, HEARTH_REPLAYED_ADAPTER, HEARTH_REPLAYED_CACHE };
HEARTH_API hearth_status hearth_session_save(hearth_session *session, const void *owner, size_t n_owner,
        int (*write)(void *ctx, const char *bytes, size_t n), void *ctx, hearth_error *err);
HEARTH_API hearth_status hearth_session_restore(hearth_session *session, const void *owner, size_t n_owner, const void *state,
        size_t n, int *how, hearth_error *err);

/* --- adapters (LoRA files of llama.cpp's format) --- */
typedef struct hearth_adapter hearth_adapter; /* immutable; for any number of sessions of its model, which it must outlive */
/* Returns HEARTH_OK | _IO | _FORMAT no adapter for this architecture, or its shapes do not fit | _STATE it names another base |
 * _UNSUPPORTED a matrix that is not adapted here (experts, embeddings), or quantized | _LIMIT rank above 1024 | _MEMORY */
HEARTH_API hearth_status hearth_adapter_open(hearth_model *model, const char *path, hearth_adapter **adapter, hearth_error *err);
HEARTH_API void hearth_adapter_close(hearth_adapter *adapter); /* NULL is fine; after the sessions that use it */
/* From now on the session computes with these n (at most 16), each with its scale (NULL: 1); n 0: the model as it is. Only in an
 * empty context (else HEARTH_E_STATE: rewind to 0 first): nothing computed under one adapter is used under another.
 * Memory  from the session's allocator, until close: close the session also when its memory is your own */
HEARTH_API hearth_status hearth_session_adapt(hearth_session *session, hearth_adapter *const *adapters, const float *scales,
        size_t n, hearth_error *err);

/* --- sampling -------------------------------------------------------------------------------------------------------------- */
typedef struct hearth_bias {
    int32_t token; float bias; /* added to the logit; -INFINITY forbids the token */
} hearth_bias;
/* Applied in this order: logit bias; repetition, frequency and presence penalties over the last penalty_last tokens (a seen
 * token's logit is divided by repetition if positive, else multiplied; minus count * frequency; minus presence); temperature 0:
 * the largest logit, the lowest id on a tie. Else softmax of logits / temperature, then top_k, typical, top_p, min_p each keep a
 * set (never empty) and renormalise; then one draw. */
typedef struct hearth_sampling { /* off: 0 for top_k, min_p, frequency, presence, bias, stop; 1 for top_p, typical, repetition */
    size_t struct_bytes;
    float temperature; int top_k; float top_p, min_p, typical; /* temperature 0: greedy */
    float repetition, frequency, presence; int penalty_last;   /* window of the penalties; 64 */
    uint64_t seed; const hearth_bias *bias; size_t n_bias;     /* the same seed gives the same text */
    int max_tokens;            /* generate: at most; 0: until the context is full */
    const char *const *stop; size_t n_stop; /* generate: text ends before the first of them; at most 16 of 256 bytes each */
    int ignore_end;            /* generate: go on after an end-of-generation token */
    int speculate;             /* generate: guess up to so many tokens (15) from repetitions in the context and verify them in
                                  one pass; the same text, faster when it copies. Needs logits_rows of one more. 0: off */
    struct hearth_guide *guide; /* generate: the text fits it, whatever ends it; no stop strings. NULL: none */
} hearth_sampling;
#define HEARTH_SAMPLING_INIT \
    {sizeof(hearth_sampling), 0.8f, 40, 0.95f, 0.05f, 1.0f, 1.0f, 0.0f, 0.0f, 64, 0, NULL, 0, 0, NULL, 0, 0, 0, NULL}
#define HEARTH_SAMPLING_GREEDY \
    {sizeof(hearth_sampling), 0.0f, 0, 1.0f, 0.0f, 1.0f, 1.0f, 0.0f, 0.0f, 64, 0, NULL, 0, 0, NULL, 0, 0, 0, NULL}
/* Draws the next token from logits row `row`. The context is not changed: feed the token to go on.
 *   logprob  natural log of its probability under the plain softmax of the row (before bias, penalties, cuts); may be NULL */
HEARTH_API hearth_status hearth_sample(hearth_session *session, size_t row, const hearth_sampling *sampling, int32_t *token,
        float *logprob, hearth_error *err);
/* The n most likely tokens of a row with their log-probabilities, best first, ties by id.  tokens [n], logprobs [n] */
HEARTH_API hearth_status hearth_top(hearth_session *session, size_t row, size_t n, int32_t *tokens, float *logprobs,
        hearth_error *err);

/* --- generation ------------------------------------------------------------------------------------------------------------ */
typedef struct hearth_piece {
    const char *text;     /* whole UTF-8 characters, not NUL-terminated; may be empty. Text that could still become a stop
                             string is held back until it is decided */
    size_t n_text; int32_t token; /* the newest token in it */ float logprob;   int n_generated; /* tokens so far */
} hearth_piece;
/* Return non-zero to stop: generate then returns HEARTH_OK with HEARTH_END_CALLBACK. */
typedef int hearth_on_piece(void *ctx, const hearth_piece *piece);
enum { HEARTH_END_TOKEN = 1, HEARTH_END_STOP = 2, HEARTH_END_LIMIT = 3, HEARTH_END_CONTEXT = 4, HEARTH_END_CALLBACK = 5,
       HEARTH_END_GUIDE = 6 /* the text is complete */ };
typedef struct hearth_result {
    int end; /* HEARTH_END_*: an end token, a stop string, max_tokens, context full, callback */
    int n_prompt, n_generated, n_guessed, n_right; /* guessed by speculation, and right */
    uint64_t prompt_ns, first_ns, generate_ns; /* prefill; start of the call to the first token; all tokens after it */
} hearth_result;
/* Feeds the prompt (tokenized with HEARTH_TOK_SPECIAL when the context is empty, else without) and generates.
 *   sampling NULL: HEARTH_SAMPLING_INIT      on_piece NULL: text is dropped      result NULL: not wanted
 * Memory   allocates nothing: the prompt may be at most ctx_tokens long      Threads  one caller per session
 * Returns  as hearth_feed; HEARTH_E_FULL when the prompt does not fit, before anything is computed */
HEARTH_API hearth_status hearth_generate(hearth_session *session, const char *prompt, size_t n_prompt,
        const hearth_sampling *sampling, hearth_on_piece *on_piece, void *ctx, hearth_result *result, hearth_error *err);
/* Guided generation: the text fits a JSON Schema (2020-12, draft-07), an expression, a GBNF grammar, or is one of A,B,C. What
 * cannot be enforced is refused here, by keyword and JSON pointer; a text that would not fit into the tokens left is refused
 * before the first one, else closed in time. One generation at a time.   Memory  3 to 9 MB; 24 MiB while compiling
 * model NULL: only checked.   Returns  HEARTH_OK | _FORMAT | _UNSUPPORTED | _LIMIT too large | _MEMORY | _ARG */
typedef struct hearth_guide hearth_guide;
enum { HEARTH_GUIDE_SCHEMA = 1, HEARTH_GUIDE_REGEX, HEARTH_GUIDE_GRAMMAR, HEARTH_GUIDE_CHOICE };
HEARTH_API hearth_status hearth_guide_open(hearth_model *model, int kind, const char *text, size_t n_text, hearth_guide **guide,
        hearth_error *err);
HEARTH_API void hearth_guide_close(hearth_guide *guide); /* NULL is fine; before the model */
/* --- embeddings ------------------------------------------------------------------------------------------------------------ */
enum { HEARTH_POOL_MODEL = -1, HEARTH_POOL_NONE = 0, HEARTH_POOL_MEAN = 1, HEARTH_POOL_CLS = 2, HEARTH_POOL_LAST = 3 };
/* Embeds n tokens in an emptied context (the context is empty afterwards).
 *   pooling    HEARTH_POOL_MODEL: as the file says
 *   normalize  1: divide by the L2 norm
 *   out        [n_embd], or [n][n_embd] with HEARTH_POOL_NONE; cap in floats
 * Returns  HEARTH_OK | _ARG | _FULL more tokens than the context or than batch_tokens (an encoder sees all at once) | _CANCELLED
 * | _NUMERIC */
HEARTH_API hearth_status hearth_embed(hearth_session *session, const int32_t *tokens, size_t n, int pooling, int normalize,
        float *out, size_t cap, hearth_error *err);

/* --- memory: what an app learns about its user, in one file ---------------------------------------------------------------- */
/* Durable (acknowledged is on the device), searchable, forgettable; independent of any model. One writer and any number of
 * readers per file, in any processes; a reader sees the file as it was at open. One caller per handle at a time. */
typedef struct hearth_memory hearth_memory;
enum { /* hearth_memory_config.flags */
    HEARTH_MEMORY_READ = 1 << 0,   /* no lock, nothing is written; the file must exist */
    HEARTH_MEMORY_REPAIR = 1 << 1, /* give up what is broken (see stats) and go on writing */
    HEARTH_MEMORY_PASSPHRASE = 1 << 2, /* key is a passphrase */
    HEARTH_MEMORY_CACHE = 1 << 3,  /* opens fast: PATH-cache beside the store, deletable at any time. Damage is found when read */
    HEARTH_MEMORY_NEAR = 1 << 4,   /* find: of 16384 vectors and more, one bit a dimension picks the likely ones: recall ~ 0.99 */
    HEARTH_MEMORY_DOT = 1 << 5, HEARTH_MEMORY_F16 = 1 << 6, /* find: by product, not cosine; put: vectors as 16-bit floats */
    HEARTH_MEMORY_STEMS = 1 << 7   /* find: words match without light English suffixes, too */
};
typedef struct hearth_memory_config {
    size_t struct_bytes; uint32_t flags;
    uint32_t segment_bytes;            /* of a new store: the file grows by it, a batch fits into one; 0: 1 MiB */
    const hearth_allocator *allocator; /* NULL: libc */
    const void *key;                   /* encrypts a new store and opens it later: 32 random bytes that the host keeps, or with */
    size_t key_bytes;                  /* HEARTH_MEMORY_PASSPHRASE any text (Argon2id, 64 MiB). NULL: not encrypted */
} hearth_memory_config;
#define HEARTH_MEMORY_CONFIG_INIT {sizeof(hearth_memory_config), 0, 0, NULL, NULL, 0}
enum { HEARTH_TEXT = 0, HEARTH_TONE, HEARTH_INTENT, HEARTH_BLOCKED, HEARTH_PERSON, HEARTH_DEVICE, HEARTH_VALUE };
typedef struct hearth_item {
    uint64_t id;                       /* put: 0 for a new one, which gets its id; never used twice */
    uint64_t time_ms, expires_ms;      /* Unix; time 0: now; expires 0: never */
    int kind; /* HEARTH_TEXT, or structured: then with a key */   int confidence; /* 0 ... 1000; 1000: the user said so */
    uint32_t count;                    /* how often it was put under its key; put: 0 */
    const char *text, *scope, *source, *tags, *key; /* UTF-8; NULL: empty; tags joined by commas; names up to 1024 bytes */
    size_t n_text, n_scope, n_source, n_tags, n_key; const float *vector; /* [dim], or NULL: without */   uint32_t dim;
    const char *space;                 /* identity of the embedder (model, pooling, normalisation), up to 127 bytes */
} hearth_item;
typedef struct hearth_filter {         /* what is given must hold, all of it; HEARTH_FILTER_ANY: everything */
    const char *scope, *source, *tag, *term; /* NUL-terminated or NULL; term: occurs in text or key, ASCII case ignored */
    uint64_t id, from_ms, to_ms; /* 0: any; time in [from, to) */   int kind; /* -1: any */
} hearth_filter;
#define HEARTH_FILTER_ANY {NULL, NULL, NULL, NULL, 0, 0, 0, -1}
typedef struct hearth_hit {
    uint64_t id; double score; /* BM25, cosine, or when both were asked for the sum of 1 / (60 + rank) */
    double words_score, vector_score; int words_rank, vector_rank; /* 1 ..., 0: not in that list */
} hearth_hit;
typedef struct hearth_memory_stats {
    uint64_t items, vectors, spaces, file_bytes, live_bytes, lost_records, lost_places;
    int read_only;                     /* also after damage (lost_places) or a failed write */
} hearth_memory_stats;
/* Returns HEARTH_OK | _BUSY another writer has it | _FORMAT not a store | _UNSUPPORTED of a later version | _IO | _MEMORY */
HEARTH_API hearth_status hearth_memory_open(const char *path, const hearth_memory_config *config, hearth_memory **memory,
        hearth_error *err);
HEARTH_API void hearth_memory_close(hearth_memory *memory); /* NULL is fine */
/* All n or none, durable on return. With the kind, scope and key of an older item it takes that one's place and id; but what the
 * user said is not replaced by less: then id is 0 on return and the old one stays.
 * Returns HEARTH_OK | _ARG | _LIMIT above a segment | _FULL | _STATE read-only | _IO: unknown whether it is there: reopen */
HEARTH_API hearth_status hearth_memory_put(hearth_memory *memory, hearth_item *items, size_t n, hearth_error *err);
/* Text in `item` is valid until the next call with this memory; vector is NULL. _ARG: no such id. */
HEARTH_API hearth_status hearth_memory_get(hearth_memory *memory, uint64_t id, hearth_item *item, hearth_error *err);
/* The item's vector: out [cap], *dim 0 when it has none, *space valid until close. */
HEARTH_API hearth_status hearth_memory_vector(hearth_memory *memory, uint64_t id, float *out, size_t cap, uint32_t *dim,
        const char **space, hearth_error *err);
/* The next item behind `after` (0: the first) that matches, in the order last written; _ARG with id 0 when there is none. */
HEARTH_API hearth_status hearth_memory_next(hearth_memory *memory, uint64_t after, const hearth_filter *filter,
        hearth_item *item, hearth_error *err);
/* The best k: by words (BM25; "a phrase", pref*), by vector (exact cosine), or by both fused. Filters first.
 *   words NULL: none    vector NULL: none, else [dim] in `space`; another space than the items' is _ARG even at equal dim
 *   hits [k]  best first, ties by id     *n  found */
HEARTH_API hearth_status hearth_memory_find(hearth_memory *memory, const char *words, const float *vector, uint32_t dim,
        const char *space, const hearth_filter *filter, hearth_hit *hits, size_t k, size_t *n, hearth_error *err);
HEARTH_API hearth_status hearth_memory_delete(hearth_memory *memory, const uint64_t *ids, size_t n, hearth_error *err);
/* When it returns HEARTH_OK no byte of any version of what matched is in the file, nor of anything deleted or replaced before. *n
 * items forgotten */
HEARTH_API hearth_status hearth_memory_forget(hearth_memory *memory, const hearth_filter *filter, uint64_t *n, hearth_error *err);
/* Another key (flags: HEARTH_MEMORY_PASSPHRASE or 0) for an encrypted store; when it returns the old one opens nothing. */
HEARTH_API hearth_status hearth_memory_rekey(hearth_memory *memory, const void *key, size_t key_bytes, uint32_t flags,
        hearth_error *err);
HEARTH_API hearth_status hearth_memory_compact(hearth_memory *memory, hearth_error *err); /* to the size of what lives */
HEARTH_API void hearth_memory_get_stats(const hearth_memory *memory, hearth_memory_stats *stats);
/* A statement (structured kind, key) merged with what its key has: certainty, then time decides; counts add up. */
HEARTH_API hearth_status hearth_memory_learn(hearth_memory *m, const hearth_item *fact, uint64_t *id, hearth_error *err);
/* Every statement made of a fact that is still on the device, the one that holds first; non-zero stops. note: NULL. */
typedef int hearth_on_item(void *ctx, const hearth_item *item, const char *note);
HEARTH_API hearth_status hearth_memory_history(hearth_memory *m, uint64_t id, hearth_on_item *each, void *ctx, hearth_error *err);
/* What the model should know, best first, in out [cap]: at most max_tokens of count(all of it), nothing expired or about a
 * blocked topic, no scope but those given (and the empty one). */
HEARTH_API hearth_status hearth_memory_digest(hearth_memory *m, const char *const *scopes, size_t n_scopes, size_t max_tokens,
        size_t (*count)(void *ctx, const char *text, size_t n), void *ctx, char *out, size_t cap, size_t *n, hearth_error *err);
enum { HEARTH_FACTS = 0, HEARTH_LINES = 1 }; /* facts to edit (load: missing ones go); all as JSON lines: memory/FORMAT.md */
HEARTH_API hearth_status hearth_memory_save(hearth_memory *m, int form, int (*write)(void *ctx, const char *text, size_t n),
        void *ctx, hearth_error *err);
HEARTH_API hearth_status hearth_memory_load(hearth_memory *m, int form, const char *text, size_t n, hearth_progress *progress,
        void *ctx, uint64_t *changed, hearth_error *err);
HEARTH_API hearth_status hearth_memory_verify(hearth_memory *m, hearth_on_item *found, void *ctx, uint64_t counts[6],
        hearth_error *err); /* counts: records items vectors facts versions findings */
HEARTH_API hearth_status hearth_memory_reembed(hearth_memory *m, const char *space, uint32_t dim, int (*embed)(void *ctx,
        const char *text, size_t n, float *out), void *ctx, size_t most, uint64_t *left, hearth_error *err); /* resumable */

/* --- policy: may this subject use this data for this purpose in this sink? Default deny; a pure function ------------------- */
typedef struct hearth_policy hearth_policy; /* text format: `hearth policy --help`; immutable, any number of threads */
enum { HEARTH_SUBJECT, HEARTH_SCOPE, HEARTH_SINK, HEARTH_DERIVED, HEARTH_PURPOSE }; /* kinds of names; ids count from 0 */
enum { HEARTH_DENY = 0, HEARTH_CONFIRM = 1, HEARTH_ALLOW = 2 };
enum { HEARTH_UNTRUSTED = 0, HEARTH_TRUST_USER = 1, HEARTH_TRUST_APP = 2 };
typedef struct hearth_label {       /* where text came from; of several texts: every scope and source, the least trust */
    uint64_t scopes;                /* bits by id */
    uint32_t sources, trust;        /* app 1, user 2, memory 4, tool 8, web 16, file 32; HEARTH_TRUST_* */
} hearth_label;
typedef struct hearth_request {
    int subject, purpose, sink; /* ids; unknown ones are denied */   hearth_label label;
    int control;                    /* 1: the text chooses the tool, sink or recipient; 0: it is data */
    uint64_t binding;               /* your hash of what a confirmation shows (tool, recipient, arguments) */
    uint64_t now_ms, confirmation;  /* Unix; the decision's token once the user said yes, else 0 */
} hearth_request;
typedef struct hearth_decision {
    int effect, why, consent, scope; /* HEARTH_ALLOW ...; hearth_decision_text says them in words; the scope that decided */
    uint32_t line, version; /* of the policy text: the rule that decided, 0: none */   uint64_t token;
} hearth_decision;
typedef struct hearth_consent { uint64_t given_ms, expires_ms; uint32_t version, revoked; } hearth_consent; /* 0: never */
/* Your store: 1 and *out when there is a record for exactly these; scope "" is everything. Asked at every decision. */
typedef int hearth_consent_find(void *ctx, const char *subject, const char *scope, int purpose, hearth_consent *out);
HEARTH_API hearth_status hearth_policy_open(const char *text, size_t n, hearth_policy **policy, hearth_error *err);
HEARTH_API void hearth_policy_close(hearth_policy *policy); /* NULL is fine */
HEARTH_API int hearth_policy_id(const hearth_policy *policy, int kind, const char *name);        /* -1: no such name */
HEARTH_API const char *hearth_policy_name(const hearth_policy *policy, int kind, int id);        /* NULL: none */
HEARTH_API hearth_decision hearth_decide(const hearth_policy *policy, const hearth_request *request, hearth_consent_find *find,
        void *ctx);
HEARTH_API const char *hearth_decision_text(const hearth_decision *decision);
/* Derived data (bits by id) to purge when the consent for scope and purpose (-1: all) was revoked. */
HEARTH_API uint64_t hearth_policy_purge(const hearth_policy *policy, int scope, int purpose);

/* --- redaction: what is personal or secret is replaced before the text goes anywhere ----------------------------------------- */
/* Best effort for names and places; never a proof that nothing personal is left: policy/COVERAGE.md says how much is found. */
typedef struct hearth_redactor hearth_redactor;
typedef struct hearth_finding {
    uint64_t offset, length;            /* bytes of the original text */
    const char *entity, *scheme, *check; /* "NATIONAL_ID", "pl.pesel" or "", what vouches for it: "check digits" */
    int score;                          /* 0 ... 100 */
} hearth_finding;
typedef struct hearth_redact_config {
    size_t struct_bytes;
    const char *operators;              /* "*=label,CARD=mask": keep drop mask label pseudonym format shift bucket; NULL: label,
                                           URLs kept */
    const uint8_t *key;                 /* [32] for pseudonym, format, shift; copied; NULL: these act as label */
    const char *const *people, *const *words; /* names the user knows; texts and patterns (# digit, ? letter, * both) */
    size_t n_people, n_words;           /* they stay where they are until close */
    int threshold;                      /* matches below are left alone; 0: 50 */
    int (*emit)(void *ctx, const char *text, size_t n);    /* redacted text; non-zero stops: HEARTH_E_CANCELLED */
    void (*found)(void *ctx, const hearth_finding *f, const char *text, size_t n_text, const char *put, size_t n_put); /* NULL */
    void *ctx;
} hearth_redact_config;
/* Memory  about 70 KB, all at open   Threads  one caller   The text may be cut anywhere: what is emitted is the same, at most 512
 * bytes behind. finish emits the rest and begins a new document; labels go on counting. */
HEARTH_API hearth_status hearth_redactor_open(const hearth_redact_config *config, hearth_redactor **r, hearth_error *err);
HEARTH_API hearth_status hearth_redact(hearth_redactor *r, const char *text, size_t n, hearth_error *err);
HEARTH_API hearth_status hearth_redact_end(hearth_redactor *r, hearth_error *err);
HEARTH_API void hearth_redactor_close(hearth_redactor *r); /* wipes; NULL is fine */

/* --- upload: the only text that may leave. Made by the redactor under a decision that allows it, and in no other way ------- */
typedef struct hearth_upload hearth_upload;
/* request.purpose "upload"; find and ctx stay until close: the decision is asked again at every step. config: emit and found must
 * be NULL, only URL may be kept. capacity: most bytes of redacted text; all memory is taken here.
 * Returns  HEARTH_OK | _DENIED with the reason | _ARG | _MEMORY.  After _DENIED or _FULL from add or seal it is void, wiped */
HEARTH_API hearth_status hearth_upload_open(const hearth_policy *policy, const hearth_request *request,
        hearth_consent_find *find, void *ctx, const hearth_redact_config *config, size_t capacity, hearth_upload **upload,
        hearth_error *err);
HEARTH_API hearth_status hearth_upload_add(hearth_upload *u, uint64_t now_ms, const char *text, size_t n, hearth_error *err);
HEARTH_API hearth_status hearth_upload_seal(hearth_upload *u, uint64_t now_ms, hearth_error *err);
HEARTH_API const void *hearth_upload_bytes(const hearth_upload *u, size_t *n); /* NULL until sealed; valid until close */
HEARTH_API void hearth_upload_close(hearth_upload *u); /* wipes; NULL is fine */

/* --- releases: which signed model, prompt, adapter, policy or kill switch may run here (texts: policy/release.h) ----------- */
enum { HEARTH_RELEASE_RECORD = 5336,
    HEARTH_RELEASE_WAIT = 0, HEARTH_RELEASE_HAVE, HEARTH_RELEASE_INSTALL }; /* not here (yet); it is in slot; put it into slot */
typedef struct hearth_releases { uint64_t state[688]; } hearth_releases; /* what a device remembers; no pointers */
typedef struct hearth_release_file { uint64_t size; uint8_t sha256[32]; } hearth_release_file;
typedef struct hearth_release { uint8_t id[16]; char name[64]; uint32_t kind, version, floor, n_files; uint64_t expires;
    int verdict, slot; hearth_release_file file[16]; } hearth_release; /* kind: 0 model prompt adapter policy kill */
typedef struct hearth_release_item { uint8_t id[16]; uint32_t highest, floor, version[2]; int active; } hearth_release_item;
/* Errors leave s as it was; _DENIED: signatures, version, root, expiry. root: the first, or the next one of s. accept: save, fill
 * m->slot, switch (same text; the files as read back), save. save: write at *offset, sync: a cut leaves the old or the new. */
HEARTH_API hearth_status hearth_release_root(hearth_releases *s, int first, const void *text, size_t n, uint64_t now,
        hearth_error *err);
HEARTH_API hearth_status hearth_release_accept(hearth_releases *s, const void *text, size_t n, int device_class /* 1 micro ... */,
        const void *secret /* 16...64 */, size_t n_secret, uint64_t now, hearth_release *m, hearth_error *err);
HEARTH_API hearth_status hearth_release_switch(hearth_releases *s, const void *text, size_t n, const hearth_release_file *got,
        size_t n_got, hearth_error *err);
HEARTH_API hearth_status hearth_release_back(hearth_releases *s, const uint8_t id[16], hearth_error *err);
HEARTH_API int hearth_release_get(const hearth_releases *s, size_t i, hearth_release_item *item); /* 0: past the end */
HEARTH_API void hearth_release_save(hearth_releases *s, uint8_t record[HEARTH_RELEASE_RECORD], uint64_t *offset);
HEARTH_API hearth_status hearth_release_load(hearth_releases *s, const void *file, size_t n, hearth_error *err);
HEARTH_API hearth_status hearth_release_digest(long (*read)(void *ctx, void *to, size_t n), void *ctx, hearth_release_file *file);

/* --- proof ----------------------------------------------------------------------------------------------------------------- */
/* A hash of n floats as bits: equal logits on two machines give equal hashes. seed 0, or a previous hash to go on. */
HEARTH_API uint64_t hearth_hash(const float *values, size_t n, uint64_t seed);
/* Checks every kernel that this machine could run against the portable reference; on_kernel hears each result. */
typedef void hearth_on_kernel(void *ctx, const char *name, int ok);
HEARTH_API hearth_status hearth_selfcheck(uint32_t isa, hearth_on_kernel *on_kernel, void *ctx, hearth_error *err);

#ifdef __cplusplus
}
#endif
#endif
