/**
 * The run of groups that RFC 5952, 4.2 shortens to "::": the longest of two or more zero groups, the first of equals.
 * `start << 4 | length`, or -1 where there is none.
 */
export function findZeroRun(groups: Int32Array): number {
  let best = -1;
  let bestLength = 1;
  for (let start = 0; start < 8; start++) {
    if (groups[start] !== 0) continue;
    let end = start + 1;
    while (end < 8 && groups[end] === 0) end++;
    if (end - start > bestLength) {
      bestLength = end - start;
      best = start;
    }
    start = end;
  }
  return best < 0 ? -1 : (best << 4) | bestLength;
}
