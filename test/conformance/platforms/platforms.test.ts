import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as presets from "@wherefrom/core/presets";
import { describe, expect, test } from "vitest";
import { codeBlocks, ROOT } from "../docs/code-block.ts";

const PAGE = "docs/platforms.md";
const chapters = readFileSync(join(ROOT, PAGE), "utf8").split(/^### /m).slice(1);

/** Whom people look for. test/conformance/docs compiles and runs the line of each. */
const NAMES = [
  "Fly.io",
  "Heroku",
  "Cloud Run",
  "App Engine",
  "Render",
  "Railway",
  "Vercel",
  "Netlify",
  "DigitalOcean App Platform",
  "Azure App Service",
  "API Gateway REST",
  "API Gateway HTTP",
  "Lambda function URL",
  "Imperva",
  "Sucuri",
  "Bunny",
  "KeyCDN",
  "Cloudflare Tunnel",
  "Tailscale",
  "ngrok",
  "Docker Compose",
  "OpenShift",
  "Caddy",
  "Apache",
  "Varnish",
  "Squid",
  "Traffic Server",
  "lighttpd",
];

const chapterOf = (name: string): string => chapters.find((text) => text.startsWith(`${name}\n`)) ?? "";

describe("a platform is found by its name", () => {
  test.each(NAMES)("%s: one line, why, and what is wrong when it is wrong", (name) => {
    const chapter = chapterOf(name);
    expect(codeBlocks(PAGE, chapter).filter(({ text }) => /compilePolicy\(\{\s*rules: \[/.test(text))).toHaveLength(1);
    expect(chapter).toContain("- When it is wrong: ");
  });

  test.each(chapters.map((text): [string, string] => [text.split("\n", 1)[0]!, text]))(
    "%s: what it rests on is said: seen here, or not verified here",
    (_, chapter) => {
      expect(chapter).toMatch(/^- (?:Seen|Not verified here): /m);
    },
  );
});

/** One recording of test/e2e/platforms. */
interface Recording {
  readonly forged: Readonly<Record<string, readonly string[] | undefined>>;
}

const recorded = JSON.parse(readFileSync(join(ROOT, "test", "e2e", "platforms", "recorded.json"), "utf8")) as Record<
  string,
  Recording
>;

/** What the forging client of the recordings wrote. */
const FORGED = { "x-forwarded-proto": "https", "x-forwarded-host": "evil.example", "x-forwarded-port": "4443" };

describe("a preset vouches for what its product was seen to write, and for nothing else", () => {
  test.each(Object.entries(recorded))("%s", (name, { forged }) => {
    const written = Object.entries(FORGED)
      .filter(([header, value]) => forged[header] !== undefined && forged[header].join(",") !== value)
      .map(([header]) => header);
    const preset = new Map(Object.entries(presets)).get(name) as typeof presets.caddy;
    expect(new Set(preset({ peers: ["192.0.2.1"] }).origin)).toEqual(new Set(written));
  });
});
