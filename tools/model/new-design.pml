/*
 * Decision 20. A replica reads the feed of the owner. The log is an adversary: it may deliver the end at any time after
 * the commit, or never. So its loss, order, delay and repetition need no process.
 */
bool journal;
byte identity;
/* The database was restored and the owner has not re-applied its journal: the feed answers 503. */
bool mustRecover;
bool isAway;
bool wasCommitted;

/* The feed request of a replica. */
#define IDLE 0
#define ASKED 1
#define REPLIED 2
byte wire[REPLICAS];
byte askedAgo[REPLICAS];
bool saysEnded[REPLICAS];
bool saysPassed[REPLICAS];
byte saysIdentity[REPLICAS];

/* The cursor lies above the row of the end. */
bool passed[REPLICAS];
/* The identity that the cursor belongs to. */
byte seen[REPLICAS];

#ifdef SHORT_FEED
/* Ends of the last token lifetime only. */
#define REACH (LIFETIME - 1)
#else
#define REACH REMEMBERED
#endif

#ifdef CURSOR_AT_HEAD
#define CURSOR_PASSES (database != NONE)
#else
#define CURSOR_PASSES (database == COMMITTED)
#endif

/* A token never outlives its grant: its exp is judged by the replica's own clock. */
#ifdef OUTLIVES_GRANT
#define HAS_EXPIRED (tokenAge >= LIFETIME)
#else
#define HAS_EXPIRED (tokenAge >= LIFETIME || (kind == TIME && ended && sinceEnd >= SKEW))
#endif

/*
 * What a restored owner re-applies. JOURNAL_LOST: the journal went with the database; then the restore command refuses
 * every token that is older than the restore, and so the tokens of what had ended.
 */
#ifdef NOTHING_REFUSED
#define MUST_END_AGAIN false
#else
#ifdef JOURNAL_LOST
#define MUST_END_AGAIN true
#else
#define MUST_END_AGAIN journal
#endif
#endif

#define IS_FRESH(r) (age[r] <= BOUND)
#define MAY_SERVE(r) (known[r] == 0 && IS_FRESH(r) && !HAS_EXPIRED)
#ifdef NO_SECOND_LOOK
#define MAY_LEAVE(r) true
#else
#define MAY_LEAVE(r) MAY_SERVE(r)
#endif
#define LIVE_IS_SERVED(r) IS_FRESH(r)
/* auth-server reads the same feeds with the same rule: P1 of a replica is its promise on refresh. */
#define MAY_ISSUE (!ended || sinceEnd <= BOUND)

#define relayIsPrompt true
#if REPLICAS == 1
#define allPrompt (phase[0] == READY && age[0] < BOUND)
#else
#define allPrompt (phase[0] == READY && age[0] < BOUND && phase[1] == READY && age[1] < BOUND)
#endif

inline setUp() { tokenAge = 0 }

inline start(r) {
  passed[r] = false;
  seen[r] = 0;
  wire[r] = IDLE;
  mustKnow[r] = false;
#ifdef READY_AT_ONCE
  age[r] = 0;
  mustKnow[r] = ended;
  becomeReady(r)
#else
  skip
#endif
}

inline tickKnowledge(r) {
  if
  :: wire[r] != IDLE -> count(askedAgo[r], OVER)
  :: else
  fi
}

inline tickWorld() { skip }

inline forgetReply(r) {
  wire[r] = IDLE;
  askedAgo[r] = 0;
  saysEnded[r] = false;
  saysPassed[r] = false;
  saysIdentity[r] = 0
}

inline apply(r) {
  if
  :: saysEnded[r] -> learn(r)
  :: else
  fi;
  if
#ifndef IDENTITY_IGNORED
  /* Rows of the new database may lie below the cursor: this reading proves nothing, the next begins anew. */
  :: passed[r] && saysIdentity[r] != seen[r] -> passed[r] = false
  :: else ->
#else
  :: true ->
#endif
    passed[r] = saysPassed[r];
#ifdef FRESH_FROM_ANSWER
    age[r] = 0;
#else
    if
    :: askedAgo[r] < age[r] -> age[r] = askedAgo[r]
    :: else
    fi;
#endif
    if
    :: phase[r] == STARTING -> becomeReady(r)
    :: else
    fi
  fi;
  seen[r] = saysIdentity[r];
  forgetReply(r)
}

/* The end was lost before its owner answered "done": it did not happen. */
inline takeBack() {
  ended = false;
  sinceEnd = 0;
  wasCommitted = false;
  byte i;
  for (i : 0 .. REPLICAS - 1) {
    mustKnow[i] = false
  }
  i = 0
}

/* One request at a time; a reply may be lost, or late. The owner takes its snapshot when it replies. */
proctype Knowledge(byte r) {
  do
  :: atomic {
      RUNS(r) && wire[r] == IDLE ->
      wire[r] = ASKED;
      askedAgo[r] = 0;
      mustKnow[r] = (ended && kind != TIME)
    }
  :: atomic {
      wire[r] == ASKED && !isAway && !mustRecover ->
      saysEnded[r] = (database == COMMITTED && !passed[r] && (!ended || sinceEnd <= REACH));
      saysPassed[r] = CURSOR_PASSES;
      saysIdentity[r] = identity;
      wire[r] = REPLIED
    }
  :: atomic { RUNS(r) && wire[r] == REPLIED -> apply(r) }
  :: atomic { wire[r] != IDLE && (CAN_FAIL || phase[r] == DOWN) -> forgetReply(r) }
  /* The log. */
  :: atomic { wasCommitted && RUNS(r) && known[r] != 1 -> learn(r) }
  od
}

proctype Owner() {
  do
  :: atomic { database == NONE && kind != TIME && !isAway && !mustRecover -> database = OPEN }
  :: atomic {
      database == OPEN && !isAway ->
      database = COMMITTED;
      wasCommitted = true;
      if
      :: !ended -> ended = true; sinceEnd = 0
      :: else
      fi
    }
  :: atomic { database == COMMITTED && !journal && !mustRecover && !isAway -> journal = true }
#ifdef ANSWERED_BEFORE_JOURNAL
  :: atomic { database == COMMITTED && !answered -> answered = true }
#else
  :: atomic { database == COMMITTED && journal && !answered -> answered = true }
#endif
#ifdef FAULT_OWNER_AWAY
  :: atomic { !isAway && CAN_FAIL -> isAway = true }
  :: atomic { isAway -> isAway = false }
#endif
#ifdef FAULT_RESTORE
  /* The database falls back to before the end: a backup, or a standby that was behind. */
  :: atomic {
      restores < RESTORES && CAN_FAIL && kind != TIME ->
      restores++;
      identity++;
      database = NONE;
#ifdef UNCHECKED_RESTORE
      mustRecover = false;
#else
      mustRecover = true;
#endif
      if
      :: !journal && !answered -> takeBack()
      :: else
      fi
    }
#endif
  :: atomic {
      mustRecover ->
      mustRecover = false;
      if
      :: MUST_END_AGAIN -> database = COMMITTED
      :: else
      fi;
#ifdef P4
      assert(!answered || database == COMMITTED)
#endif
    }
  od
}
