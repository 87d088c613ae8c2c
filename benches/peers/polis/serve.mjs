// Polis's own controllers (saml-jackson) behind node's http, in memory and on loopback, without the Next.js that the
// product adds. It reads one line of JSON from standard input, writes one with where it listens, and ends when its
// input does.
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { controllers } from "@boxyhq/saml-jackson";

const AUDIENCE = "https://polis.example";
const quiet = { info() {}, warn() {}, error() {} };

const input = createInterface({ input: process.stdin });
input.on("close", () => process.exit(0));
const { host, metadata, application } = JSON.parse((await input[Symbol.asyncIterator]().next()).value);

let answer;
const server = createServer((request, response) =>
  answer(request, response).catch((error) => response.writeHead(error.statusCode ?? 500).end(error.message)),
);
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const url = `http://${host}:${server.address().port}`;

const { connectionAPIController, oauthController } = await controllers({
  externalUrl: url,
  samlPath: "/acs",
  samlAudience: AUDIENCE,
  db: { engine: "mem", ttl: 300 },
  noAnalytics: true,
  logger: quiet,
});
const { clientID, clientSecret } = await connectionAPIController.createSAMLConnection({
  rawMetadata: metadata,
  tenant: "acme",
  product: "school",
  redirectUrl: [application],
  defaultRedirectUrl: application,
  // Its own default is a format that PingFederate does not fulfil unless it is told to.
  identifierFormat: "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
});

answer = async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, url);
  const json = (value) => response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(value));
  const redirect = (location) => response.writeHead(302, { location }).end();
  switch (`${request.method} ${pathname}`) {
    case "GET /authorize":
      return redirect((await oauthController.authorize(Object.fromEntries(searchParams))).redirect_url);
    case "POST /acs":
      return redirect((await oauthController.samlResponse(await form(request))).redirect_url);
    case "POST /token":
      return json(await oauthController.token(await form(request)));
    case "GET /userinfo":
      return json(await oauthController.userInfo(searchParams.get("access_token")));
    default:
      return response.writeHead(404).end();
  }
};

async function form(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  return Object.fromEntries(new URLSearchParams(Buffer.concat(pieces).toString()));
}

console.log(JSON.stringify({ url, audience: AUDIENCE, client_id: clientID, client_secret: clientSecret }));
