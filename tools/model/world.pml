/*
 * Common to both designs: time, the end of one grant, token or app, its tokens, and the requests of fhir-api.
 * Time is counted in ticks. A counter stops at its limit, so the state space is finite.
 */
#ifndef REPLICAS
#define REPLICAS 1
#endif
#ifndef BOUND
#define BOUND 1
#endif
#ifndef LIFETIME
#define LIFETIME 3
#endif
/* A restore can happen this often. */
#ifndef RESTORES
#define RESTORES 1
#endif
/* Clocks of two machines differ by this at most. */
#define SKEW 1
/* auth-server may issue a token until BOUND after the end; that token lives for LIFETIME. */
#define REMEMBERED (LIFETIME + BOUND)
#define OVER (REMEMBERED + 1)
#define STALE (BOUND + 1)

/* What ends, and who owns it. GRANT: consent. TOKEN: auth-server. APP: registration. TIME: a grant, by its expiry. */
#define GRANT 0
#define TOKEN 1
#define APP 2
#define TIME 3
byte kind;

/* The truth, which no process reads to decide anything. */
bool ended;
byte sinceEnd;
/* The owner answered "done". */
bool answered;

/* The owner's database. OPEN: the transaction has its id and has not committed. */
#define NONE 0
#define OPEN 1
#define COMMITTED 2
byte database = NONE;
byte restores;

/* The newest token of what ends. */
byte tokenAge;

#define DOWN 0
#define STARTING 1
#define READY 2
byte phase[REPLICAS];
bool isStopped[REPLICAS];
/* 0: the end is not known here. Else 1 + ticks since it was learned. */
byte known[REPLICAS];
/* Ticks since the moment for which this replica knows all ends. */
byte age[REPLICAS];
bool isAdmitted[REPLICAS];
/* The end was committed when this replica asked. */
bool mustKnow[REPLICAS];

/* Faults are over, and stay over. */
bool calm;
bool servedInCalm[REPLICAS];

#define CAN_FAIL (!calm)
#define RUNS(r) (phase[r] != DOWN && !isStopped[r])

#ifdef SUSPENDED_CLOCK
/* CLOCK_MONOTONIC of a suspended machine stands still. */
#define CLOCK_RUNS(r) (!isStopped[r])
#else
#define CLOCK_RUNS(r) true
#endif

inline count(counter, limit) {
  if
  :: counter < limit -> counter++
  :: else
  fi
}

inline chooseEnd() {
#ifdef KIND
  kind = KIND;
#else
  if
  :: kind = GRANT
  :: kind = TOKEN
  :: kind = APP
  :: kind = TIME
  fi;
#endif
}

inline learn(r) {
  known[r] = 1;
}

/* P3: a replica that is ready knows every end that was committed before it asked, while a token of it may live. */
inline becomeReady(r) {
#ifdef P3
  assert(!(mustKnow[r] && tokenAge < LIFETIME && known[r] == 0));
#endif
  phase[r] = READY;
}
