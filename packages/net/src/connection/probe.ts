import { keyOf } from "./kept.ts";
import { shared } from "./shared.ts";
import type { RequestLike } from "./source.ts";

/** Tells whether a request is a probe of the doctor, whose proof it has verified; asked again for the same request, it answers the same. */
type ProbeRecognizer = (request: RequestLike) => boolean;

/** Those of doctors that are armed. */
const recognizers = shared("probe-recognizers", () => new Set<ProbeRecognizer>());

/** From now on `recognize` is asked about each request that is resolved. The answer ends it. */
export function recognizeProbes(recognize: ProbeRecognizer): () => void {
  recognizers.add(recognize);
  return () => void recognizers.delete(recognize);
}

/** Whether a doctor has verified that the operator has sent this request as a probe. False for everything while none is armed, which costs nothing then. */
export function isProbeRequest(request: RequestLike): boolean {
  if (recognizers.size === 0) return false;
  const asked = keyOf(request) as RequestLike;
  for (const recognize of recognizers) if (recognize(asked)) return true;
  return false;
}
