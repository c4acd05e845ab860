// Before one of Fastify's own test files: each application that it makes has the adapter in the place of its `trustProxy`.
"use strict";

const { compilePolicy } = require("@wherefrom/core");
const { wherefrom } = require("@wherefrom/fastify");
const fastify = require("fastify");

/** Whom a function of an address can be asked about here: the tests' peers are on loopback. */
const ASKED = ["127.0.0.1", "::1"];

function trusted(trustProxy) {
  if (trustProxy === true) return ["0.0.0.0/0", "::/0"];
  // Fastify trusts nobody by a count alone.
  if (trustProxy === undefined || trustProxy === false || typeof trustProxy === "number") return [];
  if (typeof trustProxy === "function") return ASKED.filter((address) => trustProxy(address, 0));
  return typeof trustProxy === "string" ? trustProxy.split(",").map((text) => text.trim()) : trustProxy;
}

let applications = 0;
process.on("exit", () => console.error(`wherefrom: ${applications} applications`));

function inOurPlace(options) {
  applications++;
  const { trustProxy, ...others } = options ?? {};
  const trust = trusted(trustProxy);
  const origin = ["x-forwarded-proto", "x-forwarded-host"];
  const policy = compilePolicy(
    trust.length === 0 ? { trust } : { trust, from: "x-forwarded-for", origin, originIsPrivate: true },
  );
  const app = fastify(others);
  app.register(wherefrom(policy));
  return app;
}

Object.assign(inOurPlace, fastify, { fastify: inOurPlace, default: inOurPlace });
require.cache[require.resolve("fastify")].exports = inOurPlace;
