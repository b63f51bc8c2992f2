"""What the installed Stripe SDK says about its own requests and objects, read at run time."""
