import { describe, expect, test } from "vitest";
import { file, line, run } from "../../test/audited.ts";

/** Twenty minutes with a request a second, and one minute of them with thirty more from one network. */
function attacked(): string {
  const path = "/<script>alert(1)</script>";
  const usual = Array.from({ length: 1200 }, (_, second) => line({ from: `198.51.${second % 50}.7`, second }));
  const attack = Array.from({ length: 1800 }, (_, n) =>
    line({ from: `203.0.113.${n % 200}`, second: 600 + (n % 60), path, agent: '"><svg onload=alert(1)>' }),
  );
  return file([...usual, ...attack]);
}

describe("a surge is", () => {
  test("an SVG time line whose networks are stacked, with a description", async () => {
    const { code, out } = await run("trace", "--svg", attacked());
    expect(code).toBe(0);
    expect(out).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" [^>]*role="img"/);
    expect(out).toMatch(/<desc>[^<]*By network: 203\.0\.113\.0\/24 \d+\.\d %; [^<]*all others \d/);
    expect(out).toMatch(/203\.0\.113\.0\/24 <tspan[^>]*>1,800</);
    expect(out).toContain("@media (prefers-color-scheme:dark)");
    expect(out).toContain("usual at that time");
    const open = [...out.matchAll(/<(\w+)(?: [^>]*[^/])?>/g)].map(([, name]) => name);
    const closed = [...out.matchAll(/<\/(\w+)>/g)].map(([, name]) => name);
    expect(open.toSorted()).toEqual(closed.toSorted());
  });

  test("one page that needs no other file, in which text of clients is inert", async () => {
    const { code, out } = await run("trace", "--html", "--top", "100000", attacked());
    expect(code).toBe(0);
    expect(out.length).toBeLessThan(300_000);
    expect(out).not.toMatch(/<script|<svg onload|(?:src|href)=/);
    expect(out).toContain("&lt;script&gt;");
    expect(out).toContain('<th scope="row">203.0.113.0/24</th>');
    expect(out).toMatch(/<caption>blocklist: about \d+\.\d % of the attack, 0\.0 % of usual clients/);
  });

  test("a page without a list of surges where none is found", async () => {
    const path = file(Array.from({ length: 100 }, (_, second) => line({ from: "198.51.100.7", second })));
    const { code, out } = await run("trace", "--html", path);
    expect(code).toBe(0);
    expect(out).not.toContain("surges (UTC)");
    expect(out).not.toContain("usual at that time");
  });
});
