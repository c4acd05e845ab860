import { describe, expect, test } from "vitest";
import { withoutUsualRest } from "./deny.ts";

const entries = (...requests: number[]): { requests: number }[] => requests.map((each) => ({ requests: each }));

describe("the lightest entries of a blocklist", () => {
  test("are left out where they are no more than visitors usually ask", () => {
    expect(withoutUsualRest(entries(4000, 2500, 30, 1, 1, 1), 90, 6500)).toEqual(entries(4000, 2500));
  });

  test("stay where more of them ask than usual visitors do", () => {
    expect(withoutUsualRest(entries(4000, 1, 1, 1, 1), 3, 4000)).toEqual(entries(4000, 1));
    expect(withoutUsualRest(entries(4000, 1, 1, 1, 1), 0, 4000)).toEqual(entries(4000, 1, 1, 1, 1));
  });

  test("stay where they are more than a fiftieth of the attack: most of a botnet asks once", () => {
    const botnet = entries(...Array.from({ length: 1000 }, () => 1));
    expect(withoutUsualRest(botnet, 500, 1000)).toHaveLength(980);
  });

  test("stay where nothing rose", () => {
    expect(withoutUsualRest(entries(5, 1), 10, -4)).toHaveLength(2);
  });
});
