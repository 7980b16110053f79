import { resolve } from 'node:path';
import {
  addressOf,
  AuthenticationChain,
  hasSecretUsername,
  scramMethod,
  type Access,
  type AuthenticatorOptions,
  type SignInAnswer,
} from '@omh/access';
import type { BrokerOptions, SignIn, SignInAnswer as BrokerAnswer } from '@omh/broker';
import type { AuthenticatorConfig } from '@omh/config';
import { parseDurationMs, type Clock, type Logger } from '@omh/core';

/** The hub file's `broker.authentication` as it runs. `folder`: where relative paths begin. Throws ACCESS_JWT_KEY. */
export const authenticationChain = (
  access: Access,
  list: readonly AuthenticatorConfig[],
  folder: string,
  clock: Clock,
  log: Logger,
): AuthenticationChain =>
  new AuthenticationChain(
    access,
    clock,
    list.map((config) => optionsOf(config, folder)),
    log,
  );

/** What a broker asks when a client connects. */
export const mqttSignIn = (chain: AuthenticationChain): Pick<BrokerOptions, 'authenticate' | 'beginAuth'> => {
  const { scram } = chain;
  return {
    authenticate: (signIn) => {
      const answer = chain.check(signIn);
      return answer instanceof Promise ? answer.then((later) => shown(later, signIn)) : shown(answer, signIn);
    },
    beginAuth: (method, { username, peer }) => (method === scramMethod ? scram?.begin(username, addressOf(peer)) : undefined),
  };
};

/** A token that came as the user name stays out of lists and logs. */
function shown(answer: SignInAnswer, { username }: SignIn): BrokerAnswer {
  if (typeof answer !== 'object' || username === undefined || !hasSecretUsername(answer)) return answer;
  return { principal: answer, username: undefined };
}

const ms = (duration: string): number => parseDurationMs(duration)!;
function optionsOf(config: AuthenticatorConfig, folder: string): AuthenticatorOptions {
  switch (config.type) {
    case 'jwt': {
      const { refresh, timeout, leeway, jwksFile, ...rest } = config;
      return {
        ...rest,
        refreshMs: ms(refresh),
        timeoutMs: ms(timeout),
        leewayMs: ms(leeway),
        ...(jwksFile === undefined ? {} : { jwksFile: resolve(folder, jwksFile) }),
      };
    }
    case 'http': {
      const { timeout, cache, ...rest } = config;
      return { ...rest, timeoutMs: ms(timeout), cacheMs: ms(cache) };
    }
    default:
      return config;
  }
}
