/**
 * Takes the QoS 0 PUBLISH packets out of whole packets that wait in `buf` up to `length`; what stays moves together in its order.
 * Returns the new length and how many went.
 */
export function cutQos0(buf: Buffer, length: number): { length: number; cut: number } {
  let to = 0;
  let cut = 0;
  for (let at = 0; at < length; ) {
    let body = at + 1;
    let rest = 0;
    for (let shift = 0; ; shift += 7) {
      const b = buf[body++]!;
      rest |= (b & 127) << shift;
      if (b < 128) break;
    }
    const next = body + rest;
    if ((buf[at]! & 0xf6) === 0x30) cut++;
    else {
      if (to !== at) buf.copyWithin(to, at, next);
      to += next - at;
    }
    at = next;
  }
  return { length: to, cut };
}
