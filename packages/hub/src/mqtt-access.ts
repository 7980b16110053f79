import { allows, anonymousPrincipal, type Access } from '@omh/access';
import type { BrokerOptions } from '@omh/broker';

/**
 * Who may connect to the broker and what each may do: a device's credentials, a token as the password, else nobody in particular where
 * the listener allows it. Permissions are looked up at each decision, so that a change holds at once.
 */
export const mqttAccess = (access: Access): Pick<BrokerOptions, 'authenticate' | 'authorize'> => ({
  authenticate: ({ username, password, anonymousAllowed }) => {
    const secret = password === undefined ? undefined : Buffer.from(password).toString('utf8');
    const known =
      secret === undefined
        ? undefined
        : ((username === undefined ? undefined : access.byDevice(username, secret)) ?? access.byToken(secret));
    if (known) return known;
    return anonymousAllowed ? { ...anonymousPrincipal, name: username ?? anonymousPrincipal.name } : undefined;
  },
  authorize: (principal, action, topic) => {
    const now = principal.kind === 'anonymous' ? principal : access.current(principal);
    return now !== undefined && allows(now, action === 'publish' ? 'mqtt.publish' : 'mqtt.subscribe', topic);
  },
});
