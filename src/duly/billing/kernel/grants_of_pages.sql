-- What signing in needs beyond reading and adding: sessions end, passwords and second factors change, counts of
-- attempts run out. None of these tables holds anything of the firm's business.
grant update, delete on django_session, shared_cache, account_emailaddress, mfa_authenticator to duly_app;
