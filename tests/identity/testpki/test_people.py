"""Made-up people are the same everywhere, differ where matching looks, and fit into a Japanese roll."""

import csv
import hashlib
import io
import json

import pytest

from election.roll import HEADER, parse_roll
from identity.matching import Candidate, MatchOutcome, match
from identity.testpki.people import made_up_people
from tests.support.people import people


def test_the_same_seed_makes_the_same_people_in_every_version():
    document = [(voter_id, person.to_json()) for voter_id, person in made_up_people(50, seed=1)]
    digest = hashlib.sha256(json.dumps(document, ensure_ascii=False).encode()).hexdigest()
    assert digest.startswith("263da3b26670ca10")


def test_fewer_people_are_the_first_of_more_and_another_seed_makes_others():
    many = people(200)
    assert [(i, p.to_json()) for i, p in people(20)] == [(i, p.to_json()) for i, p in many[:20]]
    assert people(20, seed=5)[0][1].to_json() != many[0][1].to_json()


def test_no_two_share_a_voter_id_an_address_or_birth_date_and_given_name():
    many = people(5000)
    births = {(person.name.partition("　")[2], str(person.date_of_birth)) for _, person in many}
    assert len({voter_id for voter_id, _ in many}) == len({p.address for _, p in many}) == len(births) == 5000


def test_everybody_can_stand_in_a_roll_in_either_encoding():
    many = people(300)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows([i, p.name, p.date_of_birth, p.sex.value, p.address] for i, p in many)
    assert text.getvalue().encode("cp932").decode("cp932") == text.getvalue()
    assert [(e.voter_id, e.person) for e in parse_roll(text.getvalue()).entries] == many


def test_everybody_is_found_among_those_who_share_the_birth_date():
    many = people(3000)
    candidates = {}
    for voter_id, person in many:
        candidates.setdefault(str(person.date_of_birth), []).append(Candidate(voter_id, person))
    for voter_id, person in many[::50]:
        found = match(person, candidates[str(person.date_of_birth)])
        assert (found.outcome, list(found.pseudonyms)) == (MatchOutcome.ONE, [voter_id])


def test_people_show_nothing_of_themselves():
    (_, person), *_ = people(1)
    assert person.name not in repr(person)


@pytest.mark.parametrize("count", [0, 1])
def test_few_people_can_be_had(count):
    assert len(made_up_people(count)) == count
