"""Whom a node knows: its registered residents, then newcomers from its own county, its city and farther away."""

from county_nodes.population import People, Person, Vitals

# Of 64 newcomers to a county platform, as many live in the county itself; the others come from next door.
_SLOTS = 64
_OWN_SLOTS = 51
_CHILDREN = 32


class Patients:
    """The persons that one node knows, by local index: registered residents first, then newcomers in order.

    The same person may be a patient of several nodes. Within a node no two indices are the same person.
    """

    def __init__(self, people: People, node: str, city: str, registered: int, oldest: int | None = None) -> None:
        self._oldest = oldest
        self._people = people
        self._registered = registered
        self._node = node
        self._slots = self._catchment(city)
        self._share: dict[str, int] = {}
        self._rank: list[int] = []
        self._last: tuple[int, Person] | None = None
        for county in self._slots:
            self._rank.append(self._share.get(county, 0))
            self._share[county] = self._share.get(county, 0) + 1

    def vitals(self, index: int) -> Vitals:
        """Return number in the province, age, sex and chronic disease of the person behind a local index.

        Raises ValueError where the counties around have no more residents.
        """
        people = self._people
        if index < self._registered:
            return people.vitals(people.number_of(self._node, index))
        turn, slot = divmod(index - self._registered, _SLOTS)
        county = self._slots[slot]
        before = self._registered if county == self._node else 0
        turn = turn * self._share[county] + self._rank[slot]
        if self._oldest is not None:
            return self._child(county, turn)
        # Of two persons the one who needs care more becomes the patient; the pair stays this index's own.
        first = people.vitals(people.number_of(county, before + 2 * turn))
        second = people.vitals(people.number_of(county, before + 2 * turn + 1))
        return first if first.need >= second.need else second

    def _child(self, county: str, turn: int) -> Vitals:
        """Return the first of this index's own 32 persons who is young enough, else the youngest."""
        people = self._people
        first, *others = range(_CHILDREN * turn, _CHILDREN * (turn + 1))
        found = people.vitals(people.number_of(county, first))
        for position in others:
            if found.age <= (self._oldest or 0):
                break
            candidate = people.vitals(people.number_of(county, position))
            found = min(found, candidate, key=lambda vitals: vitals.age)
        return found

    def person(self, index: int) -> Person:
        """Everything about the person behind a local index; the last one is remembered."""
        if self._last is None or self._last[0] != index:
            self._last = index, self._people.person(self.vitals(index))
        return self._last[1]

    def _catchment(self, city: str) -> list[str]:
        """Return the home counties of 64 newcomers in turn: the node's own, its city's, others'."""
        places = self._people.places
        same_city = [place.code for place in places if place.city == city and place.code != self._node]
        others = [place.code for place in places if place.city != city]
        counties = {place.code for place in places}
        own = [self._node] * _OWN_SLOTS if self._node in counties else []
        # A province-run hospital has no county: half of its patients come from its own city.
        near = 9 if own else 34
        slots = own + [same_city[turn % len(same_city)] for turn in range(near) if same_city]
        start = sum(map(ord, self._node))
        rest = _SLOTS - len(slots)
        slots += [others[(start + turn * 7) % len(others)] for turn in range(rest) if others]
        fallback = slots or same_city or others
        while len(slots) < _SLOTS:
            slots.append(fallback[len(slots) % len(fallback)])
        # Mixed, so that few newcomers already come from many places.
        return [slots[turn * 27 % _SLOTS] for turn in range(_SLOTS)]
