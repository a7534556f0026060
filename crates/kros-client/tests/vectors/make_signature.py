"""Makes signature.json: HMAC-SHA256 values by Python's own hmac module."""

import base64
import hashlib
import hmac
import json

NOTIFICATION = json.dumps(
    {
        "status": 200,
        "requestId": "0b6f7c1e-5d1a-4c0e-9a53-2f1f6a1f0c11",
        "companyId": 41,
        "apiUrl": "https://api-economy.kros.sk/api/invoices/{id}",
        "results": {
            "entities": [
                {"data": {"id": 9001, "externalId": "order-1"}, "problems": []}
            ],
            "relatedEntities": [],
        },
    },
    separators=(",", ":"),
)

CASES = [
    ("plain ASCII notification", NOTIFICATION, "not-a-real-secret-0001"),
    ("letters outside ASCII", '{"obchod":"Čučoriedka a Ďateľ, s.r.o."}', "heslo-ťažké-ľahké"),
    ("surrogate pairs", '{"note":"\U0001d11e \U0001f9fe \U0010ffff"}', "k\U0001f511"),
    ("empty body", "", "not-a-real-secret-0001"),
    ("line ends and spaces are signed too", '{\r\n\t"a" : 1 \r\n}\n\n', "not-a-real-secret-0001"),
    ("first and last of every UTF-8 length", "\u0001\u007f\u0080\u07ff\u0800\uffff\U00010000", "x"),
    ("body longer than one buffer", "ľ€😀a" * 1000, "not-a-real-secret-0001"),
    ("secret longer than a hash block", '{"a":2}', "0123456789abcdef" * 9),
    ("secret in Base64", '{"a":3}', "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
]


def sign(key: bytes, body: bytes) -> str:
    return base64.b64encode(hmac.new(key, body, hashlib.sha256).digest()).decode()


def vector(name: str, body: str, secret: str) -> dict:
    made = {
        "name": name,
        "body": body,
        "secret": secret,
        "utf16le": sign(secret.encode("utf-16-le"), body.encode("utf-16-le")),
        "utf8": sign(secret.encode(), body.encode()),
    }
    if name == "secret in Base64":
        key = base64.b64decode(secret, validate=True)
        made["utf16le_decoded_key"] = sign(key, body.encode("utf-16-le"))
        made["utf8_decoded_key"] = sign(key, body.encode())
    return made


with open("signature.json", "w", encoding="utf-8") as out:
    json.dump([vector(*case) for case in CASES], out, ensure_ascii=True, indent=2)
    out.write("\n")
