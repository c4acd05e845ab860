import { expect, test } from "vitest";
import { lookAlikesOf } from "./look-alike.ts";

test.each([
  ["forwarded", []],
  ["fly-ip", ["fly_ip", "fly.ip"]],
  [
    "x-real-ip",
    ["x-real_ip", "x-real.ip", "x_real-ip", "x_real_ip", "x_real.ip", "x.real-ip", "x.real_ip", "x.real.ip"],
  ],
])("%s is written with other separators as well", (header, names) => {
  expect(lookAlikesOf(header)).toEqual(names);
});

test("the names of a header with many hyphens are few", () => {
  expect(lookAlikesOf("a-b-c-d-e")).toHaveLength(80);
  expect(lookAlikesOf("a-b-c-d-e-f")).toEqual(["a_b_c_d_e_f", "a.b.c.d.e.f"]);
});
