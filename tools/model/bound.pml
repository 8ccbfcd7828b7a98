/*
 * The bound on revocation: decision 20, and with -DOLD_DESIGN the design of decision 5.
 * README.md says how to read it. check.sh runs it with each fault, and with each rule left out.
 */
#include "world.pml"

#ifdef OLD_DESIGN
#include "old-design.pml"
#else
#include "new-design.pml"
#endif
#include "service.pml"

init {
  atomic {
    chooseEnd();
    setUp();
    byte r;
    for (r : 0 .. REPLICAS - 1) {
      run Lifecycle(r);
      run Requests(r);
      run Knowledge(r);
#ifdef LIVENESS
      run LiveClient(r);
#endif
    }
    run Owner();
    run AuthServer();
    run Clock();
#ifdef LIVENESS
    run Calm();
#endif
  }
}

#ifdef LIVENESS
#if REPLICAS == 1
#define ALL_SERVE servedInCalm[0]
#else
#define ALL_SERVE (servedInCalm[0] && servedInCalm[1])
#endif
/* P2: once faults are over, every replica serves the grant that lives. */
ltl p2 { [] (calm -> <> ALL_SERVE) }
#endif
