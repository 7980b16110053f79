import { defineMetrics } from '@omh/core';

export const metrics = defineMetrics({
  omh_rule_matched_total: { type: 'counter', help: 'Messages that matched FROM.', labels: ['rule'] },
  omh_rule_passed_total: { type: 'counter', help: 'Messages that gave at least one output.', labels: ['rule'] },
  omh_rule_failed_total: { type: 'counter', help: 'Messages whose evaluation failed.', labels: ['rule'] },
  omh_rule_no_result_total: { type: 'counter', help: 'Messages that a condition kept out.', labels: ['rule'] },
  omh_rule_action_success_total: { type: 'counter', help: 'Outputs an action carried out.', labels: ['rule', 'action', 'kind'] },
  omh_rule_action_failed_total: { type: 'counter', help: 'Outputs an action could not carry out.', labels: ['rule', 'action', 'kind'] },
  omh_rule_action_pending: { type: 'gauge', help: 'Outputs an action has not finished.', labels: ['rule', 'action', 'kind'] },
});
