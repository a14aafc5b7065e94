"""A bucket of retries."""

from pennylane_qstore.cloud.http.retry import CAPACITY, RETRY_COST, Quota


def test_a_server_that_is_down_uses_it_up():
    """After some dozens of retries without a success, there is nothing left."""
    quota = Quota()
    retries = 0
    while quota.spend(RETRY_COST):
        retries += 1
    assert retries == CAPACITY // RETRY_COST
    assert not quota.spend(RETRY_COST)


def test_successes_fill_it_again():
    """A success gives back its last retry's price, or one; never more than there is room for."""
    quota = Quota()
    quota.spend(RETRY_COST)
    quota.refund(RETRY_COST)
    quota.refund(0)
    assert quota.left == CAPACITY
    while quota.spend(RETRY_COST):
        pass
    low = quota.left
    quota.refund(0)
    assert quota.left == low + 1
