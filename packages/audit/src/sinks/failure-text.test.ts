import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { expect, test } from "vitest";
import { failureText } from "./failure-text.ts";

class TimeoutError extends Error {}

test("what is told of a failure is its message, or else what there is", () => {
  expect(failureText(new Error("down"))).toBe("down");
  expect(failureText(new TimeoutError())).toBe("TimeoutError");
  expect(failureText(Object.assign(new AggregateError([]), { code: "ECONNREFUSED" }))).toBe("ECONNREFUSED");
  expect(failureText("a text")).toBe("a text");
  expect(failureText(undefined)).toBe("undefined");
});

test("what is told of a fetch that failed is why", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  const error: unknown = await fetch(`http://127.0.0.1:${port}`).catch((reason: unknown) => reason);
  expect(failureText(error)).toBe(`fetch failed: connect ECONNREFUSED 127.0.0.1:${port}`);
});
