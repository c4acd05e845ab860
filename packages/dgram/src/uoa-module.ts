import type { ConnectionClaim } from "@wherefrom/core";
import {
  parseUoaLookup,
  UOA_LOOKUP_BYTES,
  UOA_LOOKUP_NAME,
  UOA_LOOKUP_OLD_BYTES,
  writeUoaLookup,
} from "@wherefrom/core/wire";
import type { Sockopt } from "@wherefrom/native";

/** Longest time between two questions about a flow, in milliseconds. The module forgets a flow that nobody asked about for 360 seconds (uoa_map_timeout). */
export const UOA_ASK_AGAIN_MS = 120_000;

const IPPROTO_IP = 0;

/** Asks dpvs' kernel module (uoa.ko) who is behind a datagram's source. */
export class UoaModule {
  readonly #sockopt: Sockopt;
  /** The form that the module answers in, found out at its first answer. */
  #bytes = UOA_LOOKUP_BYTES;
  /** errno of the last question that was not answered; 92 (ENOPROTOOPT) where there is no module. */
  errno = 0;

  constructor(sockopt: Sockopt) {
    this.#sockopt = sockopt;
  }

  /** `fd` is the socket's own. Undefined where the module does not know the flow, or is not there. */
  ask(fd: number, address: string, port: number, localPort: number): ConnectionClaim | undefined {
    for (let form = 0; form < 2; form++) {
      const { buffer } = this.#sockopt;
      if (!writeUoaLookup(buffer, this.#bytes, { address, port }, localPort)) return undefined;
      const length = this.#sockopt.getSockopt(fd, IPPROTO_IP, UOA_LOOKUP_NAME, this.#bytes);
      this.errno = length < 0 ? -length : 0;
      if (length < 0) return undefined;
      if (length === this.#bytes) return parseUoaLookup(buffer.subarray(0, length));
      // An old module has taken the question's first 18 bytes for another one; it is asked again in its own form.
      if (length !== UOA_LOOKUP_OLD_BYTES) return undefined;
      this.#bytes = UOA_LOOKUP_OLD_BYTES;
    }
    return undefined;
  }
}
