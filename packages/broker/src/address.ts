import { BlockList, isIP, isIPv4 } from 'node:net';

/** An address as people write it: IPv4 inside IPv6 without its prefix. */
export function plainAddress(address: string): string {
  const four = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (four) return four[1]!;
  const hex = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(address);
  if (!hex) return address;
  const [high, low] = [parseInt(hex[1]!, 16), parseInt(hex[2]!, 16)];
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}

/** `192.168.0.7`, `fe80::1` or a block of them, `192.168.0.0/24`. */
export function isAddressOrBlock(text: string): boolean {
  const [address, bits, more] = text.split('/');
  const family = isIP(address ?? '');
  if (family === 0 || more !== undefined) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}

/** Many addresses and blocks of them; asked with one address. */
export class AddressSet {
  readonly #list = new BlockList();

  /** Every text must be `isAddressOrBlock`. */
  constructor(texts: Iterable<string>) {
    for (const text of texts) {
      const [address, bits] = text.split('/') as [string, string | undefined];
      const family = isIPv4(address) ? 'ipv4' : 'ipv6';
      if (bits === undefined) this.#list.addAddress(address, family);
      else this.#list.addSubnet(address, Number(bits), family);
    }
  }
  has(address: string): boolean {
    const family = isIP(address);
    return family !== 0 && this.#list.check(address, family === 4 ? 'ipv4' : 'ipv6');
  }
}
