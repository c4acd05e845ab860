import { expect, test } from "vitest";
import { nearestSpelling } from "./spelling.ts";

test.each([
  { title: "a missing letter", text: "x-forwared-for", near: "x-forwarded-for" },
  { title: "swapped neighbours", text: "lopoback", near: "loopback" },
  { title: "capitals", text: "LOOPBACK", near: "loopback" },
  { title: "three edits", text: "x-forward", near: undefined },
  { title: "another word", text: "unix", near: undefined },
  { title: "a short word of other letters", text: "ab", near: undefined },
  { title: "nothing", text: "", near: undefined },
])("$title: the nearest spelling of $text is $near", ({ text, near }) => {
  expect(nearestSpelling(text, ["x-forwarded-for", "loopback", "private"])).toBe(near);
});

test("of two equally near spellings the first is taken", () => {
  expect(nearestSpelling("bat", ["cat", "hat"])).toBe("cat");
});
