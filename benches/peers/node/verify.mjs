// node-saml, on standard input and output: a line of JSON with a Response for each question, a line with the
// microseconds that it took for each answer, or with why it was refused. It checks what a login needs.
import { createInterface } from "node:readline";
import { SAML, ValidateInResponseTo } from "@node-saml/node-saml";

const [certificate, issuer, audience, callbackUrl, requestId] = process.argv.slice(2);
const requests = {
  saveAsync: async (key, value) => ({ value, createdAt: Date.now() }),
  // The same request is answered again and again.
  getAsync: async (key) => (key === requestId ? new Date().toISOString() : null),
  removeAsync: async (key) => key,
};
const saml = new SAML({
  callbackUrl,
  idpCert: certificate,
  idpIssuer: issuer,
  issuer: audience,
  audience,
  wantAuthnResponseSigned: true,
  wantAssertionsSigned: false,
  validateInResponseTo: ValidateInResponseTo.always,
  cacheProvider: requests,
  acceptedClockSkewMs: 60_000,
});
for await (const line of createInterface({ input: process.stdin })) {
  const SAMLResponse = JSON.parse(line);
  const began = process.hrtime.bigint();
  try {
    const { profile } = await saml.validatePostResponseAsync({ SAMLResponse });
    if (!profile?.nameID) throw new Error("no person");
    console.log(Number(process.hrtime.bigint() - began) / 1000);
  } catch (error) {
    console.log(JSON.stringify(String(error.message)));
  }
}
