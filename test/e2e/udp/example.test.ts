import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { describeSuite } from "../requirement.ts";

const EXAMPLE = join(import.meta.dirname, "..", "..", "..", "examples", "udp-echo");

describeSuite("udp", () => {
  test("examples/udp-echo: Node's resolver learns its own address, directly and behind a believed balancer", () => {
    const said = execFileSync(process.execPath, ["demo.mjs"], { cwd: EXAMPLE, encoding: "utf8", timeout: 20_000 });
    expect(said.trim().split("\n")).toEqual([
      "nothing in front: client=127.0.0.9, stop=untrusted-hop, udp=127.0.0.9",
      "a balancer that the policy believes: client=127.0.0.9, stop=untrusted-hop, udp=127.0.0.1, spp=127.0.0.9",
      "a balancer that it does not: no answer (ETIMEOUT)",
    ]);
  });

  test("examples/udp-echo: whatever comes is answered or is no question, and nothing throws", () => {
    const script = `
      import { answerTo } from "./dns-message.mjs";
      const question = Buffer.from("123401000001000000000000" + "0677686f616d69076578616d706c6500" + "00100001", "hex");
      if (answerTo(question, ["client=203.0.113.7"]).toString("hex").slice(0, 16) !== "1234850000010001") throw new Error("no answer");
      for (let length = 0; length < question.length; length++) {
        if (answerTo(question.subarray(0, length), ["x"]) !== undefined) throw new Error("half a question is one");
      }
      for (let round = 0; round < 50000; round++) {
        const bytes = Buffer.from(question);
        for (let changes = 0; changes < 3; changes++) bytes[Math.floor(Math.random() * bytes.length)] = Math.floor(Math.random() * 256);
        answerTo(bytes.subarray(0, Math.floor(Math.random() * (bytes.length + 1))), ["x"]);
      }
      if (answerTo(answerTo(question, ["x"]), ["x"]) !== undefined) throw new Error("an answer is answered");`;
    const run = (): unknown => execFileSync(process.execPath, ["--input-type=module", "-e", script], { cwd: EXAMPLE });
    expect(run).not.toThrow();
  });
});
