/* jinja_eval.c: walks the tree. Scopes are Jinja's: a loop's turn and a macro have their own, an `if` has none; a macro
 * sees its own names and the template's, not its caller's. */
#include "engine/jinja.h"
HR_SMALL_BEGIN

static void run_jinja_body(hr_jrun *r, const hr_jnode *n);

static bool enter_jinja(hr_jrun *r, const hr_jnode *n) {
    r->at = n->at;
    if (!hr_jstep(r, 1)) return false;
    if (r->depth >= HR_JINJA_MAX_DEPTH) { hr_jfail(r, HR_E_LIMIT, "nested deeper than %d", HR_JINJA_MAX_DEPTH); return false; }
    r->depth++;
    return true;
}

/* --- names ------------------------------------------------------------------------------------------------------------ */
static bool same_jname(hr_str a, hr_str b) { return a.size == b.size && memcmp(a.data, b.data, a.size) == 0; }
static hr_jvar *find_jvar(hr_jrun *r, hr_jframe *f, hr_str name) {
    for (hr_jvar *v = f->vars; v; v = v->next) if (hr_jstep(r, 1) && same_jname(v->name, name)) return v;
    return NULL;
}
static void set_jvar(hr_jrun *r, hr_jframe *f, hr_str name, hr_jv value) {
    hr_jvar *v = find_jvar(r, f, name);
    if (!v) {
        if (!(v = (hr_jvar *)hr_jalloc(r, 1, sizeof *v))) return;
        v->name = name;
        v->next = f->vars;
        f->vars = v;
    }
    v->value = value;
}
static hr_jv get_jvar(hr_jrun *r, hr_str name) {
    hr_jv v = {0};
    for (hr_jframe *f = r->frame; f; f = f->parent) {
        const hr_jvar *found = find_jvar(r, f, name);
        if (found) return found->value;
    }
    if (hr_jfunction_find(name, &v)) return v;
    v.u.s = name.data;
    v.n = (uint32_t)name.size;
    return v;
}
static void assign_jinja(hr_jrun *r, const hr_jnode *target, hr_jv value) {
    if (target->kind == HR_JN_NAME) { set_jvar(r, r->frame, target->text, value); return; }
    if (target->kind == HR_JN_ATTRIBUTE) {
        const hr_jv space = hr_jeval(r, target->a);
        if (space.type != HR_JV_NAMESPACE) hr_jfail(r, HR_E_FORMAT, "only a namespace has attributes that can be set");
        else hr_jv_put(r, space, hr_jv_text(target->text.data, target->text.size), value);
        return;
    }
    const hr_jv items = hr_jv_items(r, value);
    uint32_t i = 0;
    for (const hr_jnode *t = target->a; t && r->status == HR_OK; t = t->next, i++) {
        if (i >= items.u.list->n) { hr_jfail(r, HR_E_FORMAT, "not enough values to unpack"); return; }
        set_jvar(r, r->frame, t->text, items.u.list->items[i]);
    }
    if (r->status == HR_OK && i != items.u.list->n) hr_jfail(r, HR_E_FORMAT, "too many values to unpack");
}

/* --- expressions --------------------------------------------------------------------------------------------------------- */
static hr_jv join_jinja(hr_jrun *r, hr_jv a, hr_jv b) {
    hr_jout o = {0};
    if (a.tuple || b.tuple) return hr_jfail(r, HR_E_UNSUPPORTED, "joining behind safe");
    if (a.n == 0) return b;
    if (b.n == 0) return a;
    hr_jout_add(r, &o, a.u.s, a.n, a.mark);
    hr_jout_add(r, &o, b.u.s, b.n, b.mark);
    return hr_jout_value(&o);
}
static int64_t floor_jdiv(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }
static bool small_jint(int64_t i) { return i > -(1LL << 31) && i < 1LL << 31; }
static hr_jv calc_jinja(hr_jrun *r, uint8_t op, hr_jv a, hr_jv b) {
    const bool floats = a.type == HR_JV_FLOAT || b.type == HR_JV_FLOAT || op == '/';
    const double x = a.type == HR_JV_FLOAT ? a.u.f : (double)a.u.i, y = b.type == HR_JV_FLOAT ? b.u.f : (double)b.u.i;
    if ((op == '/' || op == 'd' || op == '%') && y == 0) return hr_jfail(r, HR_E_FORMAT, "division by zero");
    if (floats) {
        hr_jv v = {.type = HR_JV_FLOAT};
        if (op != '+' && op != '-' && op != '*' && op != '/') return hr_jfail(r, HR_E_UNSUPPORTED, "this operator on floats");
        v.u.f = op == '+' ? x + y : op == '-' ? x - y : op == '*' ? x * y : x / y;
        return v;
    }
    if (op != '%' && op != 'd' && op != '+' && op != '-' && (!small_jint(a.u.i) || !small_jint(b.u.i)))
        return hr_jfail(r, HR_E_LIMIT, "a number is too large");
    if (!small_jint(a.u.i >> 30) || !small_jint(b.u.i >> 30)) return hr_jfail(r, HR_E_LIMIT, "a number is too large");
    switch (op) {
    case '+': return hr_jv_int(a.u.i + b.u.i);
    case '-': return hr_jv_int(a.u.i - b.u.i);
    case '*': return hr_jv_int(a.u.i * b.u.i);
    case 'd': return hr_jv_int(floor_jdiv(a.u.i, b.u.i));
    case '%': return hr_jv_int(a.u.i - floor_jdiv(a.u.i, b.u.i) * b.u.i);
    default: break;
    }
    int64_t power = 1;
    if (b.u.i < 0 || b.u.i > 62) return hr_jfail(r, HR_E_UNSUPPORTED, "this exponent");
    for (int64_t i = 0; i < b.u.i; i++) {
        power *= a.u.i;
        if (!small_jint(power)) return hr_jfail(r, HR_E_LIMIT, "a number is too large");
    }
    return hr_jv_int(power);
}
static bool counts_jinja(hr_jv v) { return v.type == HR_JV_INT || v.type == HR_JV_FLOAT || v.type == HR_JV_BOOL; }
static hr_jv binary_jinja(hr_jrun *r, const hr_jnode *n) {
    hr_jv a = hr_jeval(r, n->a), b = hr_jeval(r, n->b);
    if (r->status != HR_OK) return a;
    r->at = n->at;
    if (n->op == '~') return join_jinja(r, hr_jv_string(r, a), hr_jv_string(r, b));
    if (n->op == '+' && a.type == HR_JV_STRING && b.type == HR_JV_STRING) return join_jinja(r, a, b);
    if (n->op == '+' && a.type == HR_JV_LIST && b.type == HR_JV_LIST && a.tuple == b.tuple) {
        hr_jv all = hr_jv_list(r);
        all.tuple = a.tuple;
        for (uint32_t i = 0; i < a.u.list->n; i++) hr_jv_push(r, all, a.u.list->items[i]);
        for (uint32_t i = 0; i < b.u.list->n; i++) hr_jv_push(r, all, b.u.list->items[i]);
        return all;
    }
    if (n->op == '*' && a.type == HR_JV_STRING && b.type == HR_JV_INT) {
        hr_jout o = {0};
        for (int64_t i = 0; i < b.u.i && a.n && r->status == HR_OK; i++) hr_jout_add(r, &o, a.u.s, a.n, a.mark);
        return hr_jout_value(&o);
    }
    if (!counts_jinja(a) || !counts_jinja(b)) {
        const hr_jv *u = a.type == HR_JV_UNDEFINED ? &a : b.type == HR_JV_UNDEFINED ? &b : NULL;
        if (u) return hr_jfail(r, HR_E_FORMAT, "'%.*s' is undefined", (int)hr_min_size(u->n, 60), u->n ? u->u.s : "");
        return hr_jfail(r, HR_E_FORMAT, "this operator does not fit these values");
    }
    return calc_jinja(r, n->op, a, b);
}
static hr_jv compare_jinja(hr_jrun *r, const hr_jnode *n) {
    hr_jv left = hr_jeval(r, n->a);
    for (; n && r->status == HR_OK; n = n->c) {
        const hr_jv right = hr_jeval(r, n->b);
        bool ok;
        r->at = n->at;
        if (r->status != HR_OK) break;
        switch (n->op) {
        case '=': ok = hr_jv_equal(r, left, right); break;
        case '!': ok = !hr_jv_equal(r, left, right); break;
        case 'i': ok = hr_jv_in(r, left, right); break;
        case 'n': ok = !hr_jv_in(r, left, right); break;
        case '<': ok = hr_jv_order(r, left, right) < 0; break;
        case '>': ok = hr_jv_order(r, left, right) > 0; break;
        case 'l': ok = hr_jv_order(r, left, right) <= 0; break;
        default: ok = hr_jv_order(r, left, right) >= 0; break;
        }
        if (!ok) return hr_jv_bool(false);
        left = right;
    }
    return hr_jv_bool(true);
}
hr_jv hr_jget(hr_jrun *r, hr_jv subject, hr_jv key) {
    hr_jv v = {0};
    if (subject.type == HR_JV_UNDEFINED)
        return hr_jfail(r, HR_E_FORMAT, "'%.*s' is undefined", (int)hr_min_size(subject.n, 60), subject.n ? subject.u.s : "");
    if (subject.type == HR_JV_DICT || subject.type == HR_JV_NAMESPACE) {
        if (hr_jv_find(r, subject, key, &v)) return v;
    } else if (counts_jinja(key) && key.type != HR_JV_FLOAT && (subject.type == HR_JV_LIST || subject.type == HR_JV_STRING)) {
        if (subject.type == HR_JV_LIST && subject.tuple > 1) return hr_jfail(r, HR_E_FORMAT, "this has no index without 'list'");
        const int64_t n = hr_jv_length(r, subject), i = key.u.i < 0 ? key.u.i + n : key.u.i;
        if (i < 0 || i >= n) return v;
        if (subject.type == HR_JV_LIST) return subject.u.list->items[i];
        size_t at = 0;
        for (int64_t k = 0; k < i; k++) at += hr_jchar(subject, at);
        return hr_jv_part(subject, at, at + hr_jchar(subject, at));
    }
    v = (hr_jv){0};
    if (key.type == HR_JV_STRING) v.u.s = key.u.s, v.n = key.n;
    return v;
}
static hr_jv attribute_jinja(hr_jrun *r, const hr_jnode *n) {
    static const char *const methods[] = {"items", "keys", "values", "get", "update", "pop", "copy", "clear"};
    const hr_jv subject = hr_jeval(r, n->a);
    if (r->status != HR_OK) return subject;
    r->at = n->at;
    if (subject.type == HR_JV_DICT)
        for (size_t i = 0; i < HR_COUNT(methods); i++)
            if (hr_str_is(n->text, methods[i])) return hr_jfail(r, HR_E_UNSUPPORTED, "the method '%s' is not called", methods[i]);
    return hr_jget(r, subject, hr_jv_text(n->text.data, n->text.size));
}
/* bounds of a slice as Python has them: [from, to) by step over n */
static bool slice_jinja_bounds(hr_jrun *r, const hr_jnode *n, int64_t size, int64_t out[3]) {
    const hr_jnode *const part[3] = {n->b, n->c, n->d};
    int64_t given[3] = {0, 0, 1};
    bool has[3] = {false, false, false};
    for (int i = 0; i < 3; i++) {
        const hr_jv v = part[i] ? hr_jeval(r, part[i]) : hr_jv_none();
        if (r->status != HR_OK) return false;
        if (v.type == HR_JV_NONE) continue;
        if (v.type != HR_JV_INT && v.type != HR_JV_BOOL) { hr_jfail(r, HR_E_FORMAT, "a slice needs integers"); return false; }
        given[i] = v.u.i;
        has[i] = true;
    }
    if (given[2] == 0) { hr_jfail(r, HR_E_FORMAT, "a slice's step is zero"); return false; }
    if (!small_jint(given[2])) { hr_jfail(r, HR_E_LIMIT, "a number is too large"); return false; }
    const int64_t low = given[2] > 0 ? 0 : -1, high = given[2] > 0 ? size : size - 1;
    for (int i = 0; i < 2; i++) {
        int64_t v = given[i];
        if (!has[i]) v = (i == 0) == (given[2] > 0) ? low : high;
        else if (v < 0) v = v + size < low ? low : v + size;
        else if (v > high) v = high;
        out[i] = v;
    }
    out[2] = given[2];
    return true;
}
static hr_jv slice_jinja(hr_jrun *r, const hr_jnode *n) {
    const hr_jv subject = hr_jeval(r, n->a);
    int64_t at[3];
    if (r->status != HR_OK) return subject;
    if (subject.type != HR_JV_LIST && subject.type != HR_JV_STRING) return hr_jfail(r, HR_E_FORMAT, "this cannot be sliced");
    const hr_jv items = hr_jv_items(r, subject);
    if (r->status != HR_OK || !slice_jinja_bounds(r, n, items.u.list->n, at)) return subject;
    hr_jv out = hr_jv_list(r);
    hr_jout text = {0};
    out.tuple = subject.tuple;
    for (int64_t i = at[0]; r->status == HR_OK && (at[2] > 0 ? i < at[1] : i > at[1]); i += at[2]) {
        const hr_jv item = items.u.list->items[i];
        if (subject.type == HR_JV_STRING) hr_jout_add(r, &text, item.u.s, item.n, item.mark);
        else hr_jv_push(r, out, item);
    }
    return subject.type == HR_JV_STRING ? hr_jout_value(&text) : out;
}
bool hr_jargs_eval(hr_jrun *r, const hr_jnode *list, hr_jargs *out) {
    out->n = 0;
    for (const hr_jnode *a = list; a && out->n < HR_JINJA_MAX_ARGS && r->status == HR_OK; a = a->next) {
        out->name[out->n] = a->kind == HR_JN_KEYWORD ? a->text : (hr_str){NULL, 0};
        out->pos[out->n++] = hr_jeval(r, a->kind == HR_JN_KEYWORD ? a->a : a);
    }
    return r->status == HR_OK;
}
static hr_jv call_jmacro(hr_jrun *r, const hr_jnode *m, const hr_jargs *a) {
    hr_jframe frame = {NULL, r->globals}, *const caller = r->frame;
    hr_jout o = {0}, *const out = r->out;
    uint32_t i = 0, used = 0;
    r->frame = &frame;
    for (const hr_jnode *p = m->a; p && r->status == HR_OK; p = p->next, i++) {
        hr_jv v = {0};
        bool found = false;
        for (uint32_t k = 0; k < a->n && !found; k++) {
            if (a->name[k].data ? !same_jname(a->name[k], p->text) : k != i) continue;
            v = a->pos[k];
            found = true;
        }
        used += found;
        if (!found && p->a) v = hr_jeval(r, p->a);
        else if (!found) v.u.s = p->text.data, v.n = (uint32_t)p->text.size;
        set_jvar(r, &frame, p->text, v);
    }
    if (used != a->n) hr_jfail(r, HR_E_FORMAT, "the macro '%.*s' takes no such argument", (int)hr_min_size(m->text.size, 60),
                               m->text.data);
    r->out = &o;
    if (r->status == HR_OK) run_jinja_body(r, m->c);
    r->frame = caller;
    r->out = out;
    return hr_jout_value(&o);
}
static hr_jv call_jinja(hr_jrun *r, const hr_jnode *n) {
    hr_jargs args;
    hr_jv v;
    if (n->a->kind == HR_JN_ATTRIBUTE) {
        const hr_jv subject = hr_jeval(r, n->a->a);
        if (r->status != HR_OK || !hr_jargs_eval(r, n->b, &args)) return subject;
        r->at = n->at;
        if (subject.type == HR_JV_UNDEFINED) return hr_jget(r, subject, subject);
        return hr_jmethod(r, subject, n->a->text, &args);
    }
    v = hr_jeval(r, n->a);
    if (r->status != HR_OK || !hr_jargs_eval(r, n->b, &args)) return v;
    r->at = n->at;
    if (v.type == HR_JV_MACRO) return call_jmacro(r, v.u.macro, &args);
    if (v.type == HR_JV_FUNCTION) return hr_jfunction(r, v.u.i, &args);
    if (v.type == HR_JV_UNDEFINED)
        return hr_jfail(r, HR_E_FORMAT, "'%.*s' is undefined", (int)hr_min_size(v.n, 60), v.n ? v.u.s : "");
    return hr_jfail(r, HR_E_FORMAT, "this cannot be called");
}
static hr_jv filter_jinja(hr_jrun *r, const hr_jnode *n, const hr_jv *whole) {
    hr_jargs args;
    const hr_jv v = n->a ? n->a->kind == HR_JN_FILTER && whole ? filter_jinja(r, n->a, whole) : hr_jeval(r, n->a) : *whole;
    if (r->status != HR_OK || !hr_jargs_eval(r, n->b, &args)) return v;
    r->at = n->at;
    return hr_jfilter(r, n->text, v, &args);
}
static hr_jv container_jinja(hr_jrun *r, const hr_jnode *n) {
    hr_jv v = n->kind == HR_JN_DICT ? hr_jv_dict(r) : hr_jv_list(r);
    v.tuple = n->kind == HR_JN_TUPLE;
    for (const hr_jnode *e = n->a; e && r->status == HR_OK; e = e->next) {
        const hr_jv item = hr_jeval(r, e);
        if (n->kind != HR_JN_DICT) hr_jv_push(r, v, item);
        else {
            e = e->next;
            hr_jv_put(r, v, item, hr_jeval(r, e));
        }
    }
    return v;
}
static hr_jv negate_jinja(hr_jrun *r, const hr_jnode *n) {
    const hr_jv v = hr_jeval(r, n->a);
    if (r->status != HR_OK) return v;
    if (!counts_jinja(v)) return hr_jfail(r, HR_E_FORMAT, "a sign needs a number");
    return n->op ? calc_jinja(r, '-', hr_jv_int(0), v) : v;
}
static hr_jv eval_jinja(hr_jrun *r, const hr_jnode *n) {
    hr_jargs args;
    hr_jv v = {0};
    switch (n->kind) {
    case HR_JN_LITERAL: return n->value;
    case HR_JN_NAME: return get_jvar(r, n->text);
    case HR_JN_LIST: case HR_JN_TUPLE: case HR_JN_DICT: return container_jinja(r, n);
    case HR_JN_AND: return hr_jv_true(v = hr_jeval(r, n->a)) ? hr_jeval(r, n->b) : v;
    case HR_JN_OR: return hr_jv_true(v = hr_jeval(r, n->a)) ? v : hr_jeval(r, n->b);
    case HR_JN_NOT: return hr_jv_bool(!hr_jv_true(hr_jeval(r, n->a)));
    case HR_JN_NEGATE: return negate_jinja(r, n);
    case HR_JN_BINARY: return binary_jinja(r, n);
    case HR_JN_COMPARE: return compare_jinja(r, n);
    case HR_JN_IF_ELSE:
        if (hr_jv_true(hr_jeval(r, n->a))) return hr_jeval(r, n->b);
        return n->c ? hr_jeval(r, n->c) : v;
    case HR_JN_ATTRIBUTE: return attribute_jinja(r, n);
    case HR_JN_INDEX:
        v = hr_jeval(r, n->a);
        args.pos[0] = hr_jeval(r, n->b);
        return r->status == HR_OK ? hr_jget(r, v, args.pos[0]) : v;
    case HR_JN_SLICE: return slice_jinja(r, n);
    case HR_JN_CALL: return call_jinja(r, n);
    case HR_JN_FILTER: return filter_jinja(r, n, NULL);
    case HR_JN_TEST:
        v = hr_jeval(r, n->a);
        if (r->status != HR_OK || !hr_jargs_eval(r, n->b, &args)) return v;
        r->at = n->at;
        return hr_jv_bool(hr_jtest(r, n->text, v, &args) != (bool)n->op);
    default: return hr_jfail(r, HR_E_FORMAT, "a named argument does not belong here");
    }
}
hr_jv hr_jeval(hr_jrun *r, const hr_jnode *n) {
    const hr_jv none = {0};
    if (!n || !enter_jinja(r, n)) return none;
    const hr_jv v = eval_jinja(r, n);
    r->depth--;
    return r->status == HR_OK ? v : none;
}

/* --- statements ------------------------------------------------------------------------------------------------------------ */
static hr_jv make_jinja_loop(hr_jrun *r, hr_jv items, uint32_t i) {
    const hr_jv loop = hr_jv_dict(r);
    const uint32_t n = items.u.list->n;
    hr_jv_put(r, loop, hr_jv_literal("index"), hr_jv_int((int64_t)i + 1));
    hr_jv_put(r, loop, hr_jv_literal("index0"), hr_jv_int(i));
    hr_jv_put(r, loop, hr_jv_literal("revindex"), hr_jv_int((int64_t)n - i));
    hr_jv_put(r, loop, hr_jv_literal("revindex0"), hr_jv_int((int64_t)n - i - 1));
    hr_jv_put(r, loop, hr_jv_literal("first"), hr_jv_bool(i == 0));
    hr_jv_put(r, loop, hr_jv_literal("last"), hr_jv_bool(i + 1 == n));
    hr_jv_put(r, loop, hr_jv_literal("length"), hr_jv_int(n));
    if (i) hr_jv_put(r, loop, hr_jv_literal("previtem"), items.u.list->items[i - 1]);
    if (i + 1 < n) hr_jv_put(r, loop, hr_jv_literal("nextitem"), items.u.list->items[i + 1]);
    return loop;
}
static void run_jinja_for(hr_jrun *r, const hr_jnode *n) {
    hr_jframe *const outer = r->frame;
    hr_jv items = hr_jeval(r, n->b);
    if (r->status == HR_OK) items = hr_jv_items(r, items);
    if (r->status != HR_OK) return;
    if (n->e) {
        const hr_jv kept = hr_jv_list(r);
        for (uint32_t i = 0; i < items.u.list->n && r->status == HR_OK; i++) {
            hr_jframe frame = {NULL, outer};
            r->frame = &frame;
            assign_jinja(r, n->a, items.u.list->items[i]);
            if (hr_jv_true(hr_jeval(r, n->e))) hr_jv_push(r, kept, items.u.list->items[i]);
        }
        r->frame = outer;
        items = kept;
    }
    for (uint32_t i = 0; r->status == HR_OK && i < items.u.list->n; i++) {
        hr_jframe frame = {NULL, outer};
        r->frame = &frame;
        set_jvar(r, &frame, (hr_str){"loop", 4}, make_jinja_loop(r, items, i));
        assign_jinja(r, n->a, items.u.list->items[i]);
        run_jinja_body(r, n->c);
        const uint8_t jump = r->jump;
        r->jump = 0;
        if (jump == HR_JN_BREAK) break;
    }
    r->frame = outer;
    if (r->status == HR_OK && items.u.list->n == 0 && n->d) run_jinja_body(r, n->d);
}
static void run_jinja_capture(hr_jrun *r, const hr_jnode *n) {
    hr_jout o = {0}, *const out = r->out;
    hr_jframe frame = {NULL, r->frame};
    r->out = &o;
    r->frame = &frame;
    run_jinja_body(r, n->c);
    r->frame = frame.parent;
    r->out = out;
    hr_jv v = hr_jout_value(&o);
    if (r->status == HR_OK && n->b) v = filter_jinja(r, n->b, &v);
    if (r->status != HR_OK) return;
    if (n->kind == HR_JN_SET_BLOCK) assign_jinja(r, n->a, v);
    else hr_jv_print(r, out, v, false);
}
static void run_jinja_if(hr_jrun *r, const hr_jnode *n) {
    for (; r->status == HR_OK; n = n->d) {
        if (hr_jv_true(hr_jeval(r, n->a))) { run_jinja_body(r, n->c); return; }
        if (!n->d) return;
        if (n->d->op == 'e') continue; /* elif */
        run_jinja_body(r, n->d);
        return;
    }
}
static void run_jinja_node(hr_jrun *r, const hr_jnode *n) {
    switch (n->kind) {
    case HR_JN_TEXT: hr_jout_add(r, r->out, n->text.data, n->text.size, NULL); break;
    case HR_JN_PRINT: {
        const hr_jv v = hr_jeval(r, n->a);
        if (r->status == HR_OK) hr_jv_print(r, r->out, v, false);
        break;
    }
    case HR_JN_SET: {
        const hr_jv v = hr_jeval(r, n->b);
        if (r->status == HR_OK) assign_jinja(r, n->a, v);
        break;
    }
    case HR_JN_SET_BLOCK: case HR_JN_FILTER_BLOCK: run_jinja_capture(r, n); break;
    case HR_JN_IF: run_jinja_if(r, n); break;
    case HR_JN_FOR: run_jinja_for(r, n); break;
    case HR_JN_BLOCK: run_jinja_body(r, n->c); break;
    case HR_JN_MACRO: {
        hr_jv v = {.type = HR_JV_MACRO};
        v.u.macro = n;
        set_jvar(r, r->frame, n->text, v);
        break;
    }
    default: r->jump = n->kind; break; /* break, continue */
    }
}
static void run_jinja_body(hr_jrun *r, const hr_jnode *n) {
    for (; n && !r->jump && enter_jinja(r, n); n = n->next) {
        run_jinja_node(r, n);
        r->depth--;
    }
}
hr_status hr_jinja_render(hr_jrun *r, const hr_jinja *t, hr_jv globals, hr_jout *out, hr_error *err) {
    hr_jframe top = {0};
    memset(out, 0, sizeof *out);
    r->source = t;
    r->err = err;
    r->out = out;
    r->frame = r->globals = &top;
    if (!r->steps) r->steps = HR_JINJA_STEPS;
    if (!r->max_out) r->max_out = 16 << 20;
    for (uint32_t i = 0; globals.type == HR_JV_DICT && i < globals.u.dict->n; i++) {
        const hr_jpair *p = &globals.u.dict->items[i];
        set_jvar(r, &top, (hr_str){p->key.u.s, p->key.n}, p->value);
    }
    run_jinja_body(r, t->body);
    r->frame = r->globals = NULL;
    return r->status;
}
HR_SMALL_END
