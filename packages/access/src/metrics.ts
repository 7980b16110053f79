import { defineMetrics } from '@omh/core';

export const metrics = defineMetrics({
  omh_access_logins_total: { type: 'counter', help: 'Passwords tried, by result: ok, refused, locked, busy.', labels: ['result'] },
  omh_access_password_checks_total: { type: 'counter', help: 'Passwords hashed to be checked, those of unknown names too.' },
  omh_access_sessions: { type: 'gauge', help: 'Sessions open.' },
  omh_access_mqtt_sign_ins_total: {
    type: 'counter',
    help: 'MQTT sign-ins by authenticator, its position and result: known, refused, unknown (the next one is asked), unavailable, busy.',
    labels: ['authenticator', 'position', 'result'],
  },
  omh_access_audit_records: { type: 'gauge', help: 'Number of the newest record of the audit log.' },
});
