"""Traits that are set with every cell."""

from traitlets import All


def put(owner, **values):
    """Set traits of `owner`; the values are of their kinds. Nobody is told where nobody listens."""
    listeners, validators, traits = owner._trait_notifiers, owner._trait_validators, owner._trait_values
    # Lists of listeners by the kind of event; written out, since calls are what this is here to save.
    everything = All in listeners and any(listeners[All].values())
    for name, value in values.items():
        if everything or name in validators or (name in listeners and any(listeners[name].values())):
            setattr(owner, name, value)
        else:
            traits[name] = value
