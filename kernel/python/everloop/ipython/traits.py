"""Traits that are set with every cell."""

from traitlets import All


def put(owner, **values):
    """Set traits of `owner`; the values are of their kinds. Nobody is told where nobody listens."""
    listeners, validators, traits = owner._trait_notifiers, owner._trait_validators, owner._trait_values
    everything = _anybody(listeners.get(All))
    for name, value in values.items():
        if everything or name in validators or _anybody(listeners.get(name)):
            setattr(owner, name, value)
        else:
            traits[name] = value


def _anybody(listeners):
    """Whether there are any, of what kind of event ever."""
    return listeners is not None and any(listeners.values())
