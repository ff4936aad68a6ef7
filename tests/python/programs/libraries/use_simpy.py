"""simpy: cars that wait for one of two pumps, with interrupts and times of the simulation, not of the clock."""

import simpy

log = []


def car(environment, name, pumps, arrives, takes):
    yield environment.timeout(arrives)
    with pumps.request() as pump:
        yield pump
        log.append((environment.now, name, "begins"))
        try:
            yield environment.timeout(takes)
        except simpy.Interrupt as interrupt:
            log.append((environment.now, name, interrupt.cause))


def guard(environment, process):
    yield environment.timeout(6)
    process.interrupt("sent away")


environment = simpy.Environment()
pumps = simpy.Resource(environment, capacity=2)
cars = [environment.process(car(environment, f"car {n}", pumps, n, 5)) for n in range(3)]
environment.process(guard(environment, cars[2]))
environment.run(until=20)
assert log == [(0, "car 0", "begins"), (1, "car 1", "begins"), (5, "car 2", "begins"), (6, "car 2", "sent away")], log
print("done")
