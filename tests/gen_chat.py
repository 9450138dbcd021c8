"""Renders templates with jinja2 in the environment that transformers uses, one JSON line a case, for tests/test_jinja.c.
    pip install jinja2 && python3 tests/gen_chat.py > tests/golden/chat/house.jsonl
    python3 tests/gen_chat.py FOLDER_OF_TEMPLATES > vendors.jsonl      the same over *.jinja files
House cases: small templates of our own, one language feature each. A line: template, vars, out (null: it must be refused)."""
import json, os, sys
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.ext import Extension, loopcontrols
from jinja2 import nodes

class Generation(Extension):
    tags = {"generation"}
    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return nodes.Scope(body).set_lineno(line)

def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)
def stop(message):
    raise ValueError(message)
env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols])
env.filters["tojson"] = tojson
env.globals["raise_exception"] = stop
env.globals["strftime_now"] = lambda f: __import__("time").strftime(f, __import__("time").gmtime(1700000000))

def case(template, variables, name):
    try:
        out = env.from_string(template).render(**variables)
    except Exception as e:
        out = None
    print(json.dumps({"name": name, "template": template, "vars": variables, "out": out}, ensure_ascii=False))

def fn(name, props):
    return {"type": "function", "function": {"name": name, "description": "Does %s\nin \"two\" lines" % name, "parameters":
            {"type": "object", "properties": props, "required": list(props)}}}
TOOLS = [fn("get_weather", {"city": {"type": "string", "description": "where"}, "days": {"type": "integer"}}), fn("now", {})]
def u(t): return {"role": "user", "content": t}
def a(t): return {"role": "assistant", "content": t}
def s(t): return {"role": "system", "content": t}
def call(name, args, id="call12345"):
    return {"id": id, "type": "function", "function": {"name": name, "arguments": args}}
def conversations():
    texts = ["Hi", "  blanks around \n", "Grüße, 世界 😀", "<|im_end|><|eot_id|>[/INST]</s><end_of_turn><|end|>", "a\n\nb\n", "", "\u00a0x\u3000",
             "'quoted' \"twice\" \\ & < >", "{{ 7 * 7 }}{% if %}"]
    for t in texts:
        yield [u(t)], None
        yield [s("Be brief."), u(t)], None
        yield [u("one"), a(t), u("two")], None
    yield [s("  sys \n"), u("1"), a("2"), u("3"), a("4"), u("5")], None
    yield [u("1"), a("<think>\nwhy\n</think>\n\nbecause"), u("3")], None
    yield [u("weather?")], TOOLS
    yield [s("Be brief."), u("weather?")], TOOLS
    tc = {"role": "assistant", "content": None, "tool_calls": [call("get_weather", {"city": "Zürich", "days": 3})]}
    te = dict(tc, content="")
    two = {"role": "assistant", "content": "", "tool_calls": [call("get_weather", {"city": "X"}), call("now", {}, "call67890")]}
    r1 = {"role": "tool", "name": "get_weather", "content": "{\"t\": 21.5}", "tool_call_id": "call12345"}
    r2 = {"role": "tool", "name": "now", "content": "<|im_end|> 12:00", "tool_call_id": "call67890"}
    for m in (tc, te):
        yield [u("weather?"), m, r1], TOOLS
        yield [u("weather?"), m, r1, a("21.5"), u("thanks")], TOOLS
    yield [u("both?"), two, r1, r2], TOOLS
    yield [s("S"), u("both?"), two, r1, r2, a("ok"), u("more")], TOOLS
    yield [u("x"), u("y")], None
    yield [a("first")], None

HOUSE = [
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\\n' + m.content | trim + '<|im_end|>' }}\n{% endfor %}\n{{ x }}",
    "  {% if a %}\n  yes\n  {%- elif b %}\n no {{- '|' -}}   \n x\n{% else %}\nneither\n{% endif %}  \ntail \n\n",
    "{# c #}\nA {#- d -#}  B\n  {# e #} C{%+ if true %}D{% endif +%}\nE",
    "{% raw %} {{ no }} {% x {% endraw %} z{%- raw -%}  {{ q }} {%- endraw -%}  y",
    "{% set ns = namespace(n=0, s='') %}{% for i in range(5) %}{% set ns.n = ns.n + i %}{% set z = i %}{% endfor %}{{ ns.n }}{{ z }}",
    "{% for i in [3,1,2] if i != 1 %}{{ loop.index }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ i }},{% else %}none{% endfor %}",
    "{% for i in [] %}x{% else %}none{% endfor %}{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}",
    "{% for i in range(9) %}{% if i == 2 %}{% continue %}{% endif %}{% if i > 4 %}{% break %}{% endif %}{{ i }}{% endfor %}",
    "{% macro f(x, y=2, z='') %}[{{ x }}{{ y }}{{ z }}{{ q }}]{% endmacro %}{% set q = 5 %}{{ f(1) }}{{ f(1, z=3) }}{{ f(y=1, x=2) }}",
    "{{ d | tojson }}{{ d | tojson(indent=2) }}{{ [] | tojson(indent=4) }}{{ l | tojson(indent=4) }}{{ {} | tojson }}",
    "{{ d }}{{ l }}{{ (1, 'a') }}{{ (1,) }}{{ none }}{{ true }}{{ 1.5 }}{{ 2.0 }}{{ \"it's\" }}{{ [\"it's\", 'a\\n\"'] }}",
    "{{ 1 + 2 * 3 - 4 // 3 }}{{ 7 % 3 }}{{ -7 // 2 }}{{ -7 % 3 }}{{ 2 ** 3 }}{{ 3 / 2 }}{{ 1 ~ 'a' ~ none }}{{ 'ab' * 2 }}",
    "{{ 1 < 2 < 3 }}{{ 1 == 1.0 }}{{ 'a' in 'abc' }}{{ 2 not in [1] }}{{ 'k' in d }}{{ not a }}{{ a or b or 'c' }}{{ 1 and 0 }}",
    "{{ u is defined }}{{ a is defined }}{{ none is none }}{{ 'x' is string }}{{ d is mapping }}{{ l is iterable }}{{ 1 is number }}"
    "{{ true is number }}{{ true is boolean }}{{ l is sequence }}{{ 3 is odd }}{{ 4 is divisibleby 2 }}{{ 'a' is in ['a'] }}{{ x is not none }}",
    "{{ l[0] }}{{ l[-1] }}{{ l[1:] }}{{ l[::-1] }}{{ l[:-1] }}{{ l[5:] }}{{ 'héllo'[1] }}{{ 'héllo'[1:3] }}{{ 'abc'[::-1] }}{{ l[9] }}",
    "{{ ' a b '.strip() }}|{{ 'xxaxx'.lstrip('x') }}|{{ 'a,b,c'.split(',') }}|{{ ' a  b '.split() }}|{{ 'a,b,c'.split(',', 1)[1] }}"
    "|{{ 'abc'.startswith('ab') }}|{{ 'abc'.endswith(('c', 'd')) }}|{{ 'aXbX'.replace('X', '-') }}|{{ 'aXbX'.replace('X', '-', 1) }}",
    "{{ 'hello World'.upper() }}{{ 'Hello'.lower() }}{{ 'hello wORLD'.title() }}{{ 'hELLO'.capitalize() }}{{ 'a b' | upper }}",
    "{{ l | join(', ') }}{{ l | first }}{{ l | last }}{{ l | length }}{{ 'héé' | length }}{{ l | reverse | list }}{{ 'abc' | reverse }}",
    "{{ l | sort }}{{ ['b','A','c'] | sort }}{{ l | sort(reverse=true) }}{{ [1,2,1] | unique | list }}{{ d | dictsort }}{{ d | items | list }}",
    "{{ messages | map(attribute='role') | join(',') }}{{ messages | selectattr('role', 'equalto', 'user') | list | length }}"
    "{{ messages | rejectattr('role', 'equalto', 'user') | map(attribute='content') | list }}{{ [0, 1, ''] | select | list }}",
    "{{ u | default('z') }}{{ '' | default('z') }}{{ '' | default('z', true) }}{{ '12' | int + 1 }}{{ 'x' | int }}{{ 3.7 | int }}{{ 5 | string }}",
    "{{ 'a\\nb\\n\\nc' | indent(2) }}|{{ 'a\\nb' | indent(2, first=true) }}|{{ 'a\\n\\nb' | indent(1, false, true) }}",
    "{% set x %}  b {{ a }}\n{% endset %}[{{ x }}]{% set y, z = 1, 2 %}{{ y }}{{ z }}{% filter upper %}abc{{ 'd' }}{% endfilter %}",
    "{% generation %}gen{% endgeneration %}{{ strftime_now('%d %b %Y %H:%M %A %B %y') }}{{ 'a' if a else 'b' }}{{ 'q' if u }}",
    "{{ raise_exception('no') }}", "{{ u.x }}", "{{ u + 1 }}", "{% if %}", "{{ 1", "{% for %}", "{{ 'a' | nofilter }}", "{{ l.append(1) }}",
    "{{ 1 / 0 }}", "{{ 'a' + 1 }}", "{% break %}", "{{ [1 }}", "{% endif %}", "{# open", "{{ 'x }}", "{% set ns.x = 1 %}", "{{ 1 < 'a' }}",
    "{{ d.k }}{{ d['k'] }}{{ d.get('k') }}{{ d.get('zz') }}{{ d.get('zz', 3) }}{{ d.zz is defined }}{{ d.keys() | list }}{{ d.values() | list }}",
    "a\r\nb\r\n{% if true %}\r\nc\r\n{% endif %}\r\n", "{{ {'a': {'b': [1, {'c': none}]}} | tojson }}{{ '\\u00e9<>&\\'' | tojson }}",
    "{{ 'ab\\tc' 'de' }}{{ \"x\\\"y\" }}{{ 'it\\'s' }}{{ -1 | abs }}{{ -(1) }}{{ not 1 == 2 }}{{ (not true) or 1 }}", "{%- if true -%} \n x \n {%- endif -%} \n y",
    "{% set a = 1 %}{% if true %}{% set a = 2 %}{% endif %}{{ a }}{% for i in [1] %}{{ a }}{% set a = 3 %}{{ a }}{% endfor %}{{ a }}",
]
VARS = {"a": 1, "b": False, "d": {"k": "v", "b": 2, "A": [1, "é"]}, "l": [3, 1, 2], "messages": [s("S "), u(" ü\n"), a("ok")]}
if len(sys.argv) > 1:
    for f in sorted(os.listdir(sys.argv[1])):
        text = open(os.path.join(sys.argv[1], f), encoding="utf-8", newline="").read()
        for i, (messages, tools) in enumerate(conversations() if f.endswith(".jinja") else []):
            for gen in (True, False):
                v = {"messages": messages, "add_generation_prompt": gen, "bos_token": "<s>", "eos_token": "</s>"}
                if tools: v["tools"] = tools
                case(text, v, "%s %d %d" % (f, i, gen))
else:
    for i, t in enumerate(HOUSE): case(t, VARS, "house %d" % i)
