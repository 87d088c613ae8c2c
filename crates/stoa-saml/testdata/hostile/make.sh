#!/bin/sh
# Makes the messages of this folder with xmlsec1 and OpenSSL. Each is signed for real, by a tool that verifies it again;
# only its one defect is left to refuse. Run it here; the answers do not depend on the day.
set -eu
cd "$(dirname "$0")"
keys=../keys
dsig=http://www.w3.org/2000/09/xmldsig#
more=http://www.w3.org/2001/04/xmldsig-more#
exclusive=http://www.w3.org/2001/10/xml-exc-c14n#
enveloped="<ds:Transform Algorithm=\"${dsig}enveloped-signature\"/>"
canonical="<ds:Transform Algorithm=\"$exclusive\"/>"
sha256=http://www.w3.org/2001/04/xmlenc#sha256
ids="--id-attr:ID urn:oasis:names:tc:SAML:2.0:protocol:Response"

# signature C14N METHOD URI TRANSFORMS DIGEST [CHILD OF SignatureMethod] [KeyInfo]
signature() {
    printf '%s' "<ds:Signature xmlns:ds=\"$dsig\"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm=\"$1\"/>" \
        "<ds:SignatureMethod Algorithm=\"$2\">${6:-}</ds:SignatureMethod><ds:Reference URI=\"$3\"><ds:Transforms>$4" \
        "</ds:Transforms><ds:DigestMethod Algorithm=\"$5\"/><ds:DigestValue/></ds:Reference></ds:SignedInfo>" \
        "<ds:SignatureValue/>${7:-}</ds:Signature>"
}

# make NAME "KEY OPTIONS" "VERIFY OPTIONS" SIGNATURE
make() {
    awk -v signature="$4" '{ sub("<samlp:Status>", signature "<samlp:Status>"); print }' unsigned.xml > template.tmp
    # shellcheck disable=SC2086
    xmlsec1 --sign $2 $ids --output "$1.xml" template.tmp
    # shellcheck disable=SC2086
    xmlsec1 --verify $3 $ids "$1.xml" > /dev/null 2>&1 || { echo "$1: xmlsec1 does not verify it" >&2; exit 1; }
    rm template.tmp
}

rsa="--privkey-pem $keys/idp-current.key"
pinned="--pubkey-cert-pem $keys/idp-current.crt"

make c053-empty-uri "$rsa" "$pinned" "$(signature $exclusive ${more}rsa-sha256 '' "$enveloped$canonical" $sha256)"
make c055-xpath-without-name-id "$rsa" "$pinned" "$(signature $exclusive ${more}rsa-sha256 '#R-1' \
    "$enveloped<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xpath-19991116\"><ds:XPath xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">not(ancestor-or-self::saml:NameID)</ds:XPath></ds:Transform>$canonical" $sha256)"
make c057-inclusive-c14n "$rsa" "$pinned" "$(signature $exclusive ${more}rsa-sha256 '#R-1' \
    "$enveloped<ds:Transform Algorithm=\"http://www.w3.org/TR/2001/REC-xml-c14n-20010315\"/>" $sha256)"
make c057-signed-info-inclusive "$rsa" "$pinned" "$(signature http://www.w3.org/TR/2001/REC-xml-c14n-20010315 \
    ${more}rsa-sha256 '#R-1' "$enveloped$canonical" $sha256)"
make c057-with-comments "$rsa" "$pinned" "<!-- c -->$(signature $exclusive ${more}rsa-sha256 '#R-1' \
    "$enveloped<ds:Transform Algorithm=\"${exclusive}WithComments\"/>" $sha256)"
make c057-signed-info-with-comments "$rsa" "$pinned" "$(signature ${exclusive}WithComments ${more}rsa-sha256 '#R-1' \
    "$enveloped$canonical" $sha256 '<!-- c -->')"
make c062-sha1-signature "$rsa" "$pinned" "$(signature $exclusive ${dsig}rsa-sha1 '#R-1' "$enveloped$canonical" $sha256)"
make c062-sha1-digest "$rsa" "$pinned" "$(signature $exclusive ${more}rsa-sha256 '#R-1' "$enveloped$canonical" ${dsig}sha1)"
openssl x509 -in $keys/idp-current.crt -outform DER -out certificate.tmp
make c063-hmac-with-the-certificate "--hmackey certificate.tmp" "--hmackey certificate.tmp" \
    "$(signature $exclusive ${more}hmac-sha256 '#R-1' "$enveloped$canonical" $sha256)"
make c066-hmac-output-length "--hmackey certificate.tmp" "--hmackey certificate.tmp" \
    "$(signature $exclusive ${more}hmac-sha256 '#R-1' "$enveloped$canonical" $sha256 '<ds:HMACOutputLength>128</ds:HMACOutputLength>')"
rm certificate.tmp
make c067-key-value-of-the-attacker "--privkey-pem $keys/attacker.key" "" \
    "$(signature $exclusive ${more}rsa-sha256 '#R-1' "$enveloped$canonical" $sha256 '' '<ds:KeyInfo><ds:KeyValue/></ds:KeyInfo>')"

# PKCS#1 v1.5 by hand (RFC 8017 §9.2), over the same SignedInfo: what a lenient unpadding would take.
make c076 "$rsa" "$pinned" "$(signature $exclusive ${more}rsa-sha256 '#R-1' "$enveloped$canonical" $sha256)"
python3 - "$keys/idp-current.key" <<'PYTHON'
import base64, re, subprocess, sys

xml = open("c076.xml").read()
old = re.search("<ds:SignatureValue>(.*?)</ds:SignatureValue>", xml, re.S).group(1)
raw = ["openssl", "rsautl", "-inkey", sys.argv[1], "-raw"]
block = subprocess.run(raw + ["-verify"], input=base64.b64decode(old), capture_output=True, check=True).stdout
info = block[block.index(b"\0", 2) + 1:]
size = len(block)

def write(name, block):
    assert len(block) == size
    value = subprocess.run(raw + ["-sign"], input=block, capture_output=True, check=True).stdout
    open(name + ".xml", "w").write(xml.replace(old, base64.b64encode(value).decode()))

start = b"\0\1" + b"\xff" * 8 + b"\0" + info
write("c076-padding-sound", block)
write("c076-garbage-after-the-digest", start + b"\x5a" * (size - len(start)))
write("c076-garbage-in-the-padding", b"\0\1" + b"\x5a" * (size - 3 - len(info)) + b"\0" + info)
write("c076-block-type-2", b"\0\2" + block[2:])
write("c076-no-digest-info", b"\0\1" + b"\xff" * (size - 35) + b"\0" + info[-32:])
without_null = b"\x30\x2f\x30\x0b" + info[4:15] + info[17:]
write("c076-digest-info-without-null", b"\0\1" + b"\xff" * (size - 3 - len(without_null)) + b"\0" + without_null)
PYTHON
rm c076.xml
