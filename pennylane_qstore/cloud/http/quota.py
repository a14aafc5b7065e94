"""How many retries are left before they slow to a crawl: no storm on a server that is down."""

# From botocore's standard mode, retries/quota: a bucket of 500; a retry costs 14, or 5 where the
# server only asked to slow down; a success gives back what its last retry cost, or else one.
CAPACITY, RETRY_COST, THROTTLED_COST, REFUND = 500, 14, 5, 1


class Quota:
    """A bucket that retries draw from and successes fill.

    Attributes:
        left: what is in it
    """

    def __init__(self) -> None:
        self.left = CAPACITY

    def spend(self, cost: int) -> bool:
        """Takes the price of a retry out of the bucket; False, and nothing taken, if it can't."""
        if cost > self.left:
            return False
        self.left -= cost
        return True

    def refund(self, cost: int) -> None:
        """Puts back after a success.

        Args:
            cost: of the request's last retry, 0 where there was none
        """
        self.left = min(self.left + (cost or REFUND), CAPACITY)
