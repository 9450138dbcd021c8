#!/usr/bin/env python3
"""gen_schemas.py > tests/golden/guided/schemas.jsonl: 300 argument schemas of our own, modelled after the tool definitions of
public APIs (weather, maps, mail, calendars, payments, shops, code hosting, clusters, home automation, search ...): what a
function-calling model is given. One a line. Nothing is copied; names and shapes follow what such APIs have."""
import json

S = lambda **k: {"type": "string", **k}
I = lambda lo=None, hi=None: {"type": "integer", **({"minimum": lo} if lo is not None else {}),
                              **({"maximum": hi} if hi is not None else {})}
N = lambda lo=None, hi=None: {"type": "number", **({"minimum": lo} if lo is not None else {}),
                              **({"maximum": hi} if hi is not None else {})}
B = {"type": "boolean"}
E = lambda *v: {"enum": list(v)}
A = lambda item, lo=0, hi=None: {"type": "array", "items": item, **({"minItems": lo} if lo else {}),
                                 **({"maxItems": hi} if hi else {})}
def O(req, **p):
    return {"type": "object", "properties": p, "required": req.split(), "additionalProperties": False}
OPT = lambda s: {"anyOf": [s, {"type": "null"}]}
DATE, TIME, UUID, MAIL, URI = (S(format=f) for f in ("date", "date-time", "uuid", "email", "uri"))
LAT, LON = N(-90, 90), N(-180, 180)
PLACE = {"oneOf": [O("city", city=S(minLength=1, maxLength=60), country=S(pattern="^[A-Z]{2}$")), O("lat lon", lat=LAT, lon=LON)]}
MONEY = O("amount currency", amount=I(0, 99999999), currency=E("EUR", "USD", "GBP", "JPY", "CHF"))
PERSON = O("name", name=S(minLength=1, maxLength=80), email=MAIL, phone=S(pattern="^\\+[1-9][0-9]{6,14}$"))
ADDRESS = O("line1 city country", line1=S(maxLength=100), line2=S(maxLength=100), city=S(maxLength=60),
            postal_code=S(pattern="^[A-Z0-9][A-Z0-9 -]{1,9}$"), country=S(pattern="^[A-Z]{2}$"))
PAGE = {"page": I(1, 1000), "per_page": I(1, 100)}
LABELS = {"type": "object", "additionalProperties": S(maxLength=63), "propertyNames": {"pattern": "^[a-z][a-z0-9-]{0,20}$"},
          "maxProperties": 4}
TREE = {"$defs": {"node": {"type": "object", "properties": {"op": E("and", "or", "not"), "args": A({"$ref": "#/$defs/node"}, 1, 4),
        "field": S(pattern="^[a-z_.]{1,30}$"), "cmp": E("eq", "ne", "lt", "gt", "in"), "value": {"type": ["string", "number", "boolean"]}},
        "additionalProperties": False}}}
def tree(req, **p): return {**O(req, **p), **TREE}
FILTER = {"$ref": "#/$defs/node"}
API = {
 "weather": [O("place", place=PLACE, units=E("metric", "imperial")), O("place days", place=PLACE, days=I(1, 16), hourly=B),
    O("lat lon", lat=LAT, lon=LON, fields=A(E("temperature", "wind", "rain", "uv", "pressure"), 1, 5)),
    O("station from to", station=S(pattern="^[A-Z]{4}$"), **{"from": DATE, "to": DATE}), O("region level", region=S(), level=E("yellow", "orange", "red"))],
 "maps": [O("origin destination", origin=PLACE, destination=PLACE, mode=E("drive", "walk", "cycle", "transit"), avoid=A(E("tolls", "ferries", "motorways"), 0, 3)),
    O("query", query=S(minLength=1), near=PLACE, radius_m=I(1, 50000), open_now=B), O("points", points=A(O("lat lon", lat=LAT, lon=LON), 2, 10)),
    O("place_id", place_id=S(pattern="^[A-Za-z0-9_-]{10,40}$"), fields=A(S(maxLength=30))), O("lat lon zoom", lat=LAT, lon=LON, zoom=I(0, 21), size=S(pattern="^[0-9]{2,4}x[0-9]{2,4}$"))],
 "mail": [O("to subject body", to=A(MAIL, 1, 5), cc=A(MAIL), subject=S(maxLength=200), body=S(), importance=E("low", "normal", "high")),
    O("query", query=S(), folder=E("inbox", "sent", "archive", "spam"), unread=B, limit=I(1, 50)), O("message_id", message_id=UUID, add=A(S(maxLength=20)), remove=A(S(maxLength=20))),
    O("message_id body", message_id=UUID, body=S(), reply_all=B), O("name match action", name=S(), match=O("", sender=MAIL, subject_has=S()), action=E("archive", "delete", "flag"))],
 "calendar": [O("title start end", title=S(minLength=1, maxLength=120), start=TIME, end=TIME, attendees=A(PERSON, 0, 5), location=S(), remind_min=I(0, 40320)),
    O("from to", **{"from": TIME, "to": TIME, "calendar": S()}), O("event_id", event_id=UUID, title=S(), start=TIME, notify=B),
    O("minutes people", minutes=I(5, 480), people=A(MAIL, 1, 6), within_days=I(1, 60)), O("title rule", title=S(), rule=O("freq", freq=E("daily", "weekly", "monthly"), interval=I(1, 52), days=A(E("mo", "tu", "we", "th", "fr", "sa", "su"), 0, 7)))],
 "payments": [O("amount customer", amount=MONEY, customer=S(pattern="^cus_[A-Za-z0-9]{14}$"), capture=B, metadata=LABELS), O("charge", charge=S(pattern="^ch_[A-Za-z0-9]{14}$"), amount=MONEY, reason=E("duplicate", "fraudulent", "requested")),
    O("customer price", customer=S(), price=S(), trial_days=I(0, 90), quantity=I(1, 999)), O("name email", name=S(), email=MAIL, address=ADDRESS, tax_ids=A(O("type value", type=E("eu_vat", "us_ein"), value=S()), 0, 3)),
    O("lines due", lines=A(O("text amount", text=S(), amount=MONEY), 1, 4), due=DATE)],
 "shop": [O("query", query=S(), price=O("", min=N(0), max=N(0)), sort=E("price", "rating", "new"), **PAGE), O("items address", items=A(O("sku count", sku=S(pattern="^[A-Z]{3}-[0-9]{4}$"), count=I(1, 99)), 1, 5), address=ADDRESS, gift_note=OPT(S(maxLength=140))),
    O("order", order=I(1)), O("sku stars", sku=S(), stars=I(1, 5), text=S(maxLength=500), pictures=A(URI, 0, 3)), O("sku", sku=S(), price=MONEY, stock=I(0), tags=A(S(maxLength=24), 0, 6))],
 "repo": [O("owner repo title", owner=S(pattern="^[a-z0-9-]{1,39}$"), repo=S(pattern="^[A-Za-z0-9._-]{1,60}$"), title=S(), body=S(), labels=A(S()), assignees=A(S())), O("owner repo", owner=S(), repo=S(), state=E("open", "closed", "all"), since=TIME, **PAGE),
    O("repo path content message", repo=S(), path=S(pattern="^[^/\\s][^\\s]{0,80}$"), content=S(), message=S(minLength=1), sha=S(pattern="^[0-9a-f]{40}$")), O("repo base head", repo=S(), base=S(), head=S(), draft=B, title=S()),
    O("repo number event", repo=S(), number=I(1), event=E("approve", "comment", "request_changes"), comments=A(O("path line body", path=S(), line=I(1), body=S()), 0, 5))],
 "tickets": [O("project type summary", project=S(pattern="^[A-Z]{2,8}$"), type=E("bug", "task", "story", "epic"), summary=S(maxLength=200), description=OPT(S()), priority=I(1, 5)), tree("filter", filter=FILTER, fields=A(S()), limit=I(1, 100)),
    O("key to", key=S(pattern="^[A-Z]{2,8}-[0-9]{1,6}$"), to=E("todo", "doing", "review", "done"), comment=S()), O("key minutes", key=S(), minutes=I(1, 1440), day=DATE), O("name start end", name=S(), start=DATE, end=DATE, goal=S())],
 "cluster": [O("name image", name=S(pattern="^[a-z]([a-z0-9-]{0,20}[a-z0-9])?$"), image=S(), replicas=I(0, 50), env=A(O("name value", name=S(pattern="^[A-Z_][A-Z0-9_]{0,30}$"), value=S()), 0, 5), ports=A(I(1, 65535), 0, 4), labels=LABELS), O("kind namespace", kind=E("pod", "service", "job", "node"), namespace=S(), selector=LABELS),
    O("name", name=S(), tail=I(1, 1000), follow=B, since=S(pattern="^[0-9]{1,4}[smh]$")), O("name schedule command", name=S(), schedule=S(pattern="^([0-9*/,-]{1,5} ){4}[0-9*/,-]{1,5}$"), command=A(S(), 1, 6)), O("name cpu memory", name=S(), cpu=S(pattern="^[0-9]{1,4}m$"), memory=S(pattern="^[0-9]{1,4}(Mi|Gi)$"))],
 "home": [O("device on", device=S(), on=B, brightness=I(0, 100), color=S(pattern="^#[0-9a-f]{6}$")), O("room celsius", room=E("kitchen", "living", "bed", "bath"), celsius=N(5, 30), until=OPT(TIME)), O("scene", scene=E("morning", "film", "away", "night")),
    {"oneOf": [O("kind at", kind={"const": "time"}, at=S(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$")), O("kind sensor above", kind={"const": "sensor"}, sensor=S(), above=N())]}, O("list item", list=S(), item=S(maxLength=60), count=I(1, 50))],
 "search": [O("query", query=S(minLength=1, maxLength=256), site=S(format="hostname"), since=DATE, safe=B, count=I(1, 50)), O("url", url=URI, selector=S(), timeout_s=N(0, 60)), tree("where", index=S(), where=FILTER, sort=A(O("field", field=S(), desc=B), 0, 3)),
    O("text source target", text=S(), source=S(pattern="^[a-z]{2}$"), target=S(pattern="^[a-z]{2}$"), formal=B), O("title", title=S(), year=I(1888, 2100), isbn=S(pattern="^97[89][0-9]{10}$"))],
 "travel": [O("origin destination depart", origin=S(pattern="^[A-Z]{3}$"), destination=S(pattern="^[A-Z]{3}$"), depart=DATE, back=OPT(DATE), adults=I(1, 9), cabin=E("economy", "premium", "business", "first")), O("city checkin checkout", city=S(), checkin=DATE, checkout=DATE, rooms=A(O("adults", adults=I(1, 6), children=A(I(0, 17), 0, 4)), 1, 4), stars=I(1, 5)),
    O("offer passengers", offer=UUID, passengers=A(O("given family born", given=S(), family=S(), born=DATE, document=O("type number", type=E("passport", "id"), number=S(pattern="^[A-Z0-9]{6,12}$"))), 1, 4)), O("from to", **{"from": S(), "to": S(), "at": TIME, "arrive": B}), O("pickup hours", pickup=PLACE, hours=I(1, 720), gearbox=E("manual", "automatic"))],
}
VARIANTS = [
    lambda s: s,
    lambda s: O("request", request=s, request_id=UUID, dry_run=B),                      # an envelope
    lambda s: O("calls", calls=A({k: v for k, v in s.items() if k != "$defs"}, 1, 3)),   # a batch
    lambda s: O("arguments reason", reason=S(maxLength=80), arguments=OPT(s)),          # optional
    lambda s: {**s, "description": "arguments", "title": "t"} if "oneOf" in s else       # open to more, drafts of a form
              {**s, "additionalProperties": {"type": ["string", "null"]}, "required": []},
]
def lift(s):  # $defs to the root, where the references point
    defs = {}
    def walk(v):
        if isinstance(v, dict):
            if "$defs" in v: defs.update(v.pop("$defs"))
            for x in v.values(): walk(x)
        if isinstance(v, list):
            for x in v: walk(x)
    s = json.loads(json.dumps(s))
    walk(s)
    return {**s, "$defs": TREE["$defs"]} if "#/$defs/node" in json.dumps(s) else s
for schemas in API.values():
    for s in schemas:
        for v in VARIANTS: print(json.dumps(lift(v(s)), ensure_ascii=False))
