import { formatOtel } from "@wherefrom/audit";
import { describe, expect, test } from "vitest";
import { AUDITED } from "./audited.ts";
import { attributeErrors, publishedAttributes } from "./otel-registry.ts";

const published = publishedAttributes();

describe("by @opentelemetry/semantic-conventions", () => {
  test("every attribute of every kind of event is one of the conventions', and of its type", () => {
    const wrong = AUDITED.flatMap(({ title, record }) =>
      attributeErrors(published, formatOtel(record)).map((error) => `${title}: ${error}`),
    );
    expect(wrong).toEqual([]);
  });

  test("those that say who it was, and where, are really there", () => {
    const names = new Set(AUDITED.flatMap(({ record }) => Object.keys(formatOtel(record))));
    for (const name of [
      "client.address",
      "client.port",
      "client.geo.location.lat",
      "client.as.organization",
      "server.port",
    ])
      expect(names).toContain(name);
    expect(names).toContain("http.request.header.x-forwarded-for");
  });

  test.each<[title: string, wrong: Readonly<Record<string, unknown>>, error: string]>([
    ["a name that nobody published", { "client.ip": "192.0.2.1" }, "client.ip is no attribute"],
    ["ECS's name", { "client.as.organization.name": "x" }, "client.as.organization.name is no attribute"],
    ["a deprecated name", { "http.client_ip": "192.0.2.1" }, "http.client_ip is no attribute"],
    ["a text for a number", { "client.port": "80" }, 'client.port: "80" is no number'],
    ["a number for a text", { "user.id": 7 }, "user.id: 7 is no string"],
    ["one header that is no list", { "http.request.header.via": "x" }, 'http.request.header.via: "x" is no string[]'],
    ["a word that nobody published", { "network.transport": "sctp" }, 'network.transport: "sctp" is no word'],
    ["a name that is a namespace", { "wherefrom.a": 1, "wherefrom.a.b": 1 }, "wherefrom.a is a namespace"],
    ["an object", { "wherefrom.a": { b: 1 } }, 'wherefrom.a: {"b":1} is no value'],
  ])("%s is refused", (_title, wrong, error) => {
    expect(attributeErrors(published, wrong)).toEqual([error]);
  });
});
