import { compilePolicy, type Policy } from "@wherefrom/core";
import * as expressAdapter from "@wherefrom/express";
import * as fastifyAdapter from "@wherefrom/fastify";
import * as koaAdapter from "@wherefrom/koa";
import type { Request } from "express";
import express from "express";
import express4 from "express4";
import fastify from "fastify";
import type { RequestListener } from "node:http";
import Koa from "koa";
import Koa2 from "koa2";
import { describe, expect, test } from "vitest";
import { askOnce } from "../peers/raw-ask.ts";

/** An application that answers its request's properties: under `policy` with its own trust wide open, or without the adapter and with its trust off. */
type Make = (policy: Policy | undefined) => Promise<RequestListener> | RequestListener;

function expressApplication(framework: typeof express): Make {
  return (policy) => {
    const app = framework();
    if (policy !== undefined) app.set("trust proxy", true).use(expressAdapter.wherefrom(policy));
    const look = ({ protocol, secure, hostname, subdomains, ...more }: Request): unknown => [
      [protocol, secure, hostname, subdomains],
      framework === express ? more.host : null,
    ];
    app.use((request, response) => void response.json(look(request)));
    return app;
  };
}

function koaApplication(framework: typeof Koa): Make {
  return (policy) => {
    const app = new framework({ proxy: policy !== undefined });
    if (policy !== undefined) app.use(koaAdapter.wherefrom(policy));
    app.use((context) => {
      const { protocol, secure, host, hostname, subdomains, href, origin, URL } = context;
      context.body = { protocol, secure, host, hostname, subdomains, href, origin, url: URL.href };
    });
    const listener = app.callback();
    return (request, response) => void listener(request, response);
  };
}

const fastifyApplication: Make = async (policy) => {
  const app = fastify({ trustProxy: policy !== undefined });
  if (policy !== undefined) await app.register(fastifyAdapter.wherefrom(policy));
  app.all("/*", ({ protocol, host, hostname, port }) => ({ protocol, host, hostname, port }));
  await app.ready();
  return app.routing.bind(app) as RequestListener;
};

const FRAMEWORKS: Readonly<Record<string, Make>> = {
  "Express 5": expressApplication(express),
  "Express 4": expressApplication(express4 as typeof express),
  "Fastify 5": fastifyApplication,
  "Koa 3": koaApplication(Koa),
  "Koa 2": koaApplication(Koa2 as typeof Koa),
};

/** A Host that is none, one that a lenient reader takes for another (CVE-2026-27959), and several. */
const HOSTS: readonly (readonly string[])[] = [
  ["app.example"],
  ["app.example:8080"],
  ["evil.com:fake@legitimate.com"],
  ["evil.com@legitimate.com:8443"],
  ["user@"],
  ["a.example, b.example"],
  ["[2001:db8::1]:3000"],
  ["[2001:DB8:0::1]"],
  ["[::1"],
  ["[::1]/path"],
  ["127.0.0.1:1"],
  ["tobi.ferrets.example.com"],
  [""],
  ["a.example", "b.example"],
];

const FORGED = [
  ["X-Forwarded-For", "203.0.113.7"],
  ["X-Forwarded-Host", "evil.example"],
  ["X-Forwarded-Proto", "https"],
] as const;

const POLICIES = {
  "a proxy that names the client alone": compilePolicy({ trust: ["127.0.0.1"], from: "x-forwarded-for" }),
  "nobody who is believed": compilePolicy({ trust: [] }),
  "a proxy that says host and protocol, of a peer that is another": compilePolicy({
    trust: ["192.0.2.1"],
    from: "x-forwarded-for",
    origin: ["x-forwarded-host", "x-forwarded-proto"],
  }),
};

/** Express runs on HTTP/1 alone. */
const OVER_HTTP_2 = Object.entries(FRAMEWORKS).filter(([name]) => !name.startsWith("Express"));

describe.each(Object.entries(POLICIES))(
  "behind %s, host and protocol are the framework's own reading, with its trust off",
  (_, policy) => {
    describe.each(Object.entries(FRAMEWORKS))("%s", (__, make) => {
      test.each(HOSTS.map((hosts) => [hosts.join(" and "), hosts] as const))("Host: %s", async (___, hosts) => {
        const lines = [...hosts.map((host) => ["Host", host] as const), ...FORGED];
        expect(await askOnce(await make(policy), "/x?y", lines)).toEqual(
          await askOnce(await make(undefined), "/x?y", lines),
        );
      });

      test("an absolute request target", async () => {
        const lines = [["Host", "app.example"], ...FORGED] as const;
        const target = "http://target.example/x";
        expect(await askOnce(await make(policy), target, lines)).toEqual(
          await askOnce(await make(undefined), target, lines),
        );
      });
    });

    test.each(OVER_HTTP_2)("%s over HTTP/2, where :authority and Host differ", async (__, make) => {
      const lines = [
        [":authority", "good.example"],
        ["host", "evil.example"],
        ...FORGED.map(([name, value]) => [name.toLowerCase(), value] as const),
      ] as const;
      expect(await askOnce(await make(policy), "/", lines)).toEqual(await askOnce(await make(undefined), "/", lines));
    });
  },
);
