/** What a placeholder may stand for. */
export interface PlaceholderValues {
  readonly clientid: string;
  readonly username: string | undefined;
  readonly host?: string;
  readonly port?: string;
}

const placeholder = /\$\{(clientid|username|host|port)\}/g;

/**
 * A topic with its placeholders filled in. undefined when a value is missing, or has a wildcard or a `/`: a client must not choose by its
 * name which levels it reaches.
 */
export function fillPlaceholders(template: string, values: PlaceholderValues): string | undefined {
  let fits = true;
  const filled = template.replace(placeholder, (_whole, name: keyof PlaceholderValues) => {
    const value = values[name];
    if (value === undefined || value === '' || /[+#/\0]/.test(value)) fits = false;
    return value ?? '';
  });
  return fits ? filled : undefined;
}

/** `10.0.0.7:51234`, `[::1]:51234` */
export function addressOf(peer: string): { readonly host: string; readonly port: string } {
  const at = peer.lastIndexOf(':');
  return { host: peer.slice(0, Math.max(at, 0)).replace(/^\[|\]$/g, ''), port: peer.slice(at + 1) };
}
