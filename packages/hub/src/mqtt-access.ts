import { allows, anonymousPrincipal, type Access } from '@omh/access';
import type { BrokerOptions } from '@omh/broker';

/** Who may connect to the broker and what each may do: a token as the password, else nobody in particular where the listener allows it. */
export const mqttAccess = (access: Access): Pick<BrokerOptions, 'authenticate' | 'authorize'> => ({
  authenticate: ({ username, password, anonymousAllowed }) => {
    const byToken = password === undefined ? undefined : access.byToken(Buffer.from(password).toString('utf8'));
    if (byToken) return byToken;
    return anonymousAllowed ? { ...anonymousPrincipal, name: username ?? anonymousPrincipal.name } : undefined;
  },
  authorize: (principal, action, topic) => allows(principal, action === 'publish' ? 'mqtt.publish' : 'mqtt.subscribe', topic),
});
