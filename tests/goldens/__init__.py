"""What must not change while the inside does: values by logical name, compared part by part.

``catalogue.py`` lists the goldens, ``extract.py`` alone knows where the package keeps what they hold,
``renew.py`` writes them anew on purpose.
"""
