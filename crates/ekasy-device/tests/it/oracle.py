"""Opens and seals objects with jwcrypto: JSON on standard input, JSON on standard output."""

import base64
import json
import sys
import zlib

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from jwcrypto import jwe, jwk, jws

PACK = {"raw deflate": -15, "zlib": 15, "gzip": 31}


def main():
    question = json.load(sys.stdin)
    recipient = jwk.JWK.from_pem(question["recipient_key"].encode())
    if "open" in question:
        answers = [opened(choices, recipient) for choices in question["open"]]
    else:
        answers = [sealed(choices, recipient, question["payload"]) for choices in question["seal"]]
    json.dump(answers, sys.stdout)


def certificates(pem):
    """One by one, since older releases of cryptography read no chains."""
    end = "-----END CERTIFICATE-----"
    parts = [part + end for part in pem.split(end) if part.strip()]
    return [x509.load_pem_x509_certificate(part.encode()) for part in parts]


def opened(choices, recipient):
    outer = jwe.JWE(algs=[choices["algorithm"], choices["encryption"]])
    outer.deserialize(choices["text"], key=recipient)
    header = json.loads(outer.objects["protected"])
    assert header["alg"] == choices["algorithm"] and header["enc"] == choices["encryption"]
    assert header.get("zip") == ("DEF" if choices["compression"] == "zip" else None)
    signer = certificates(choices["signer_chain"])[0]
    inner = jws.JWS()
    inner.allowed_algs = [choices["signature"]]
    key = jwk.JWK.from_pyca(signer.public_key())
    inner.deserialize(outer.payload.decode(), key=key)
    payload = inner.payload
    if choices["compression"] in PACK:
        payload = zlib.decompress(payload, PACK[choices["compression"]])
    return payload.decode()


def sealed(choices, recipient, payload):
    payload = payload.encode()
    if choices["compression"] in PACK:
        packer = zlib.compressobj(wbits=PACK[choices["compression"]])
        payload = packer.compress(payload) + packer.flush()
    chain = certificates(choices["signer_chain"])
    x5c = [base64.b64encode(c.public_bytes(serialization.Encoding.DER)).decode() for c in chain]
    inner = jws.JWS(payload)
    key = jwk.JWK.from_pem(choices["signer_key"].encode())
    inner.add_signature(key, protected=json.dumps({"alg": choices["signature"], "x5c": x5c}))
    header = {"alg": choices["algorithm"], "enc": choices["encryption"]}
    if choices["compression"] == "zip":
        header["zip"] = "DEF"
    content = written(inner, choices["form"], "signatures", ["protected", "signature"])
    outer = jwe.JWE(content, json.dumps(header), algs=[choices["algorithm"], choices["encryption"]])
    outer.add_recipient(recipient)
    return written(outer, choices["form"], "recipients", ["encrypted_key"])


def written(token, form, members, own):
    if form == "compact":
        return token.serialize(compact=True)
    flat = json.loads(token.serialize(compact=False))
    if form == "general":
        flat[members] = [{name: flat.pop(name) for name in own}]
    return json.dumps(flat)


if __name__ == "__main__":
    main()
